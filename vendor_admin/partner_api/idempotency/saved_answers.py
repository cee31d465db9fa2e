"""Answers that are kept under the idempotency keys of their requests, and given again.

All of it runs in the transaction of the write itself, which is the organization's scope of the request: the answer is
kept if and only if the write is. The lock ends with that transaction however it ends, also when its process is killed.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from vendor_admin.errors import Conflict, VendorAdminError
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.models import LONGEST_IDEMPOTENCY_KEY, SavedAnswer
from vendor_admin.partner_api.request_errors import InvalidRequest

KEPT_FOR = timedelta(hours=48)
# A process that stands still inside its transaction keeps its keys for so long; then the database ends it.
LONGEST_STANDSTILL_SECONDS = 60
# Beside its own lock numbers the database has those of plans, budgets and names: the text keeps them apart.
_LOCK = "idempotency key {organization} {key}"


class KeyInUse(Conflict):
    """A request with this key has not ended yet."""

    default_code = "idempotency_key_in_use"
    retry_after_seconds = 1


class KeyReused(VendorAdminError):
    """The key belongs to another request."""

    default_code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is kept: what is sent again. The body is text as it went out, and may hold what is shown once."""

    status: int
    body: str = field(repr=False)
    headers: dict[str, str]


def read_key(sent: str | None) -> str:
    """The idempotency key of a header. Raises InvalidRequest where there is none, or one that cannot be kept."""
    if sent is None or not sent.strip():
        raise InvalidRequest(
            "Send the header Idempotency-Key with a value of your own for each write.", code="idempotency_key_required"
        )
    key = sent.strip()
    if len(key) > LONGEST_IDEMPOTENCY_KEY or not all("!" <= letter <= "~" for letter in key):
        raise InvalidRequest(
            f"Idempotency-Key must have 1 to {LONGEST_IDEMPOTENCY_KEY} visible ASCII characters.",
            code="invalid_idempotency_key",
        )
    return key


def claim(*, organization: Organization, key: str, digest: str, caller: str, now: datetime) -> Answer | None:
    """Take the key until the transaction ends; returns the answer to the same request where one is kept.

    Raises KeyInUse at once while another request holds it, and KeyReused where it belongs to another request, or to
    another program's: what a program was answered is not told to those that may do less. Two queries.
    """
    _lock(organization, key)
    # A statement of its own: it sees what the holder before us has committed.
    saved = SavedAnswer.objects.filter(organization=organization, key=key, expires_at__gt=now).first()
    if saved is None:
        return None
    if (saved.request_digest, saved.caller) != (digest, caller):
        raise KeyReused(
            f"The idempotency key was used at {saved.saved_at:%Y-%m-%dT%H:%M:%SZ} for another request. "
            "Give each write a key of its own."
        )
    return Answer(status=saved.status, body=saved.body["text"], headers=saved.headers)


def keep(*, organization: Organization, key: str, digest: str, caller: str, answer: Answer, now: datetime) -> None:
    """Keep the answer to a write under its key, which `claim` took. One query."""
    row = SavedAnswer(
        organization=organization,
        key=key,
        caller=caller,
        request_digest=digest,
        status=answer.status,
        headers=answer.headers,
        body={"text": answer.body},
        saved_at=now,
        expires_at=now + KEPT_FOR,
    )
    kept = ["caller", "request_digest", "status", "headers", "body", "saved_at", "expires_at"]
    # One that has expired and was not deleted yet gives way.
    SavedAnswer.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["organization", "key"], update_fields=kept
    )


def _lock(organization: Organization, key: str) -> None:
    name = hashlib.sha256(_LOCK.format(organization=organization.pk, key=key).encode()).digest()
    number = int.from_bytes(name[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('idle_in_transaction_session_timeout', %s, true), pg_try_advisory_xact_lock(%s)",
            [f"{LONGEST_STANDSTILL_SECONDS}s", number],
        )
        _, is_ours = cursor.fetchone()
    if not is_ours:
        raise KeyInUse("A request with this idempotency key is at work. Send it again in a moment.")

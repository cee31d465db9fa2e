"""The chain through each organization's audit: what breaks where a sealed row is changed or removed afterwards.

A worker seals new rows every minute, so that no transaction waits for another one's entry: a row gets the next number
of its organization and the SHA-256 of itself and of the digest before (organizations_seal_audit in the database, which
runs as the owner). Numbers follow the order in which rows are sealed. A row that the owner adds behind the audit's back
is sealed like any other: only one with an old time tells, by standing behind newer ones. Whoever may change everything
may write the whole chain anew: each new head is logged, and one that was kept elsewhere tells.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection

from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger()

AT_ONCE = 1_000
_MOST_ROUNDS = 50
_SEAL = "SELECT organization_id, sealed, head, head_digest FROM organizations_seal_audit(%s)"
_FIRST_BREAK = """
SELECT (entry).position, before, (entry).id, (entry).at, (entry).action, (entry).subject
  FROM (SELECT a AS entry, lag(a.position, 1, 0::bigint) OVER chain AS before, lag(a.digest) OVER chain AS digest_before
          FROM organizations_auditentry AS a WHERE a.organization_id = %s AND a.position IS NOT NULL
        WINDOW chain AS (ORDER BY a.position, a.id)) AS sealed
 WHERE (entry).position <> before + 1
    OR (entry).digest IS DISTINCT FROM organizations_audit_digest(digest_before, entry)
 ORDER BY (entry).position, (entry).id LIMIT 1
"""
# Rows wait to be sealed for as long as their transactions last: those may stand behind newer ones, by much less.
_FIRST_BACK_DATED = """
SELECT position, id, at, action, subject
  FROM (SELECT position, id, at, action, subject,
               max(at) OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest_before
          FROM organizations_auditentry WHERE organization_id = %s AND position IS NOT NULL) AS sealed
 WHERE at < latest_before - make_interval(secs => %s)
 ORDER BY position LIMIT 1
"""
_MOST_BEHIND = timedelta(hours=1)


@dataclass(frozen=True)
class Head:
    """The last sealed row of an organization: its number and digest."""

    position: int
    digest: str


@dataclass(frozen=True)
class Verdict:
    """What the chain of an organization says. `broken`: the first row that does not fit, in words; empty if all fit."""

    head: Head | None
    not_sealed: int
    oldest_not_sealed: datetime | None
    broken: str = ""


def seal_new_entries() -> int:
    """Seal what was written since the last time, in short transactions; how many rows that were."""
    total = 0
    for _ in range(_MOST_ROUNDS):
        with connection.cursor() as cursor:
            cursor.execute(_SEAL, [AT_ONCE])
            found = cursor.fetchall()
        for organization_id, sealed, position, digest in found:
            log.info("audit_sealed", organization_id=organization_id, rows=sealed, position=position, digest=digest)
        now_sealed = sum(row[1] for row in found)
        total += now_sealed
        if now_sealed < AT_ONCE:
            break
    return total


def verify(organization: Organization, *, noted: Head | None = None) -> Verdict:
    """Go through an organization's chain. `noted`: a head that was kept elsewhere, which must still be in it."""
    with organization_scope(organization.pk):
        with connection.cursor() as cursor:
            cursor.execute(_FIRST_BREAK, [organization.pk])
            first = cursor.fetchone()
            cursor.execute(_FIRST_BACK_DATED, [organization.pk, _MOST_BEHIND.total_seconds()])
            back_dated = cursor.fetchone()
        sealed = AuditEntry.objects.filter(organization=organization, position__isnull=False)
        last = sealed.order_by("-position").first()
        waiting = AuditEntry.objects.filter(organization=organization, position__isnull=True)
        oldest = waiting.order_by("at").first()
        broken = _in_words(first) if first else ""
        if not broken and noted is not None:
            broken = _compared(noted, sealed.filter(position=noted.position).first())
        if not broken and back_dated:
            broken = _back_dated_in_words(back_dated)
        return Verdict(
            head=_head(last) if last else None,
            not_sealed=waiting.count(),
            oldest_not_sealed=oldest.at if oldest else None,
            broken=broken,
        )


def _head(entry: AuditEntry) -> Head:
    return Head(entry.position or 0, bytes(entry.digest or b"").hex())


def _in_words(row: tuple[int, int, int, datetime, str, str]) -> str:
    position, before, entry_id, at, action, subject = row
    if position > before + 1:
        gone = f"row {before + 1}" if position == before + 2 else f"rows {before + 1} to {position - 1}"
        return f"{gone} of the chain: removed"
    if position == before:
        return f"row {position} of the chain: there twice"
    return f"row {position} of the chain ({_name(entry_id, at, action, subject)}): it is not what was sealed"


def _back_dated_in_words(row: tuple[int, int, datetime, str, str]) -> str:
    position, entry_id, at, action, subject = row
    return (
        f"row {position} of the chain ({_name(entry_id, at, action, subject)}): it is over an hour older than rows "
        "before it, so it was added later, or the database's clock was wrong"
    )


def _name(entry_id: int, at: datetime, action: str, subject: str) -> str:
    return f"entry {entry_id}, “{action}” of {subject}, {at:%Y-%m-%d %H:%M:%S} UTC"


def _compared(noted: Head, found: AuditEntry | None) -> str:
    if found is None:
        return f"row {noted.position} of the chain, which was noted: it is not there any more"
    if _head(found) != noted:
        return f"row {noted.position} of the chain: another one than was noted, so rows up to it were written anew"
    return ""

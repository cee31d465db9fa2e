"""Writes each request of a known organization to its log, once the answer is out.

In a short transaction of its own, which may be lost with the server: the log tells, nothing depends on it. What fails
here is a line in the service's own log and nothing else.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import msgspec
import structlog
from django.db import DatabaseError, InterfaceError
from django.db.models import GenericIPAddressField
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from vendor_admin.organizations.sign_in.client_address import caller_address
from vendor_admin.organizations.tenancy.scope import ask_in_scope, organization_scope
from vendor_admin.partner_api.access.last_use import MAY_BE_LOST
from vendor_admin.partner_api.continued import is_continued
from vendor_admin.partner_api.idempotency.views import REPLAYED
from vendor_admin.partner_api.models import LONGEST_IDEMPOTENCY_KEY, RequestLogEntry
from vendor_admin.partner_api.problems import MEDIA_TYPE
from vendor_admin.partner_api.request_log.masking import cut, masked_body, masked_query, masked_text
from vendor_admin.partner_api.throttling import counts
from vendor_admin.partner_api.throttling.counts import Turn

log = structlog.get_logger(__name__)

# A larger answer is not taken apart for sixteen kilobytes of it.
LARGEST_TAKEN_APART: Final = 256 * 1024
TOO_MANY: Final = 429
_SHORT: Final = {**MAY_BE_LOST, "statement_timeout": "2s"}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def record_after(
    sent: HttpResponse, *, request: HttpRequest, answer: HttpResponse, seconds: Callable[[], float]
) -> None:
    """Record the request when its answer has been sent. `answer` is what was sent before it was compressed."""
    at = timezone.now()

    def record() -> None:
        caller = getattr(request, "api_caller", None)
        if caller is None:
            return
        organization_id, name = caller
        duration = int(seconds() * 1000)
        try:
            if not (is_continued(request) and answer.status_code < 400):  # that was logged when it began to wait
                facts = _facts_of(request, sent, answer)
                _write({"organization_id": organization_id, "caller": name, "at": at, "duration": duration, **facts})
            if (turn := _turn_to_give_back(request, answer)) is not None:
                with organization_scope(organization_id, settings=_SHORT):
                    counts.give_back(organization_id=organization_id, turn=turn)
        except (DatabaseError, InterfaceError) as error:
            log.warning("api_request_not_recorded", path=request.path, error=str(error))

    # Django closes these once the server has taken the whole answer, before it gives the connection back.
    sent._resource_closers.append(record)  # type: ignore[attr-defined]


def _write(facts: Mapping[str, Any]) -> None:
    """Add an entry, in one trip to the server."""
    ask_in_scope(facts["organization_id"], _insert(), facts, settings=_SHORT)


@cache
def _insert() -> str:
    """The statement that adds an entry. Each request does: Django would take longer to write it than the server to do
    it.
    """
    fields = [field for field in RequestLogEntry._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(
        f"%({field.attname})s" + ("::inet" if isinstance(field, GenericIPAddressField) else "") for field in fields
    )
    return f"INSERT INTO {RequestLogEntry._meta.db_table} ({columns}) VALUES ({values})"  # noqa: S608 - our names


def _turn_to_give_back(request: HttpRequest, answer: HttpResponse) -> Turn | None:
    """A repeat costs nothing, nor does the second answer to one who waited: its turn is given back."""
    costs_nothing = REPLAYED in answer.headers or is_continued(request)
    return getattr(request, "api_turn", None) if costs_nothing else None


def _facts_of(request: HttpRequest, sent: HttpResponse, answer: HttpResponse) -> dict[str, Any]:
    told = None if _is_plain_read(request, answer) else _value_of(answer)
    is_problem = answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    return {
        "request_id": getattr(request, "request_id", ""),
        "method": str(request.method)[:10],
        "path": cut(masked_text(request.path), 500),
        "query": cut(masked_query(request.META.get("QUERY_STRING", "")), 2000),
        "status": sent.status_code,
        "code": str(told.get("code", ""))[:60] if is_problem and isinstance(told, dict) else "",
        "address": caller_address(request) or None,
        "version": getattr(request, "api_version", ""),
        "idempotency_key": _idempotency_key_of(request),
        "is_replay": REPLAYED in answer.headers,
        "location": answer.headers.get("Location", "")[:200],
        "request_body": _request_body_of(request),
        "answer_body": _answer_body_of(request, answer, told),
    }


def _idempotency_key_of(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    return key if key.isascii() and key.isprintable() and len(key) <= LONGEST_IDEMPOTENCY_KEY else ""


def _request_body_of(request: HttpRequest) -> str:
    body = getattr(request, "api_body", None)
    return "" if body is None else masked_body(body)


def _answer_body_of(request: HttpRequest, answer: HttpResponse, told: Any) -> str:
    """Answers to writes, and problems. What was read is not kept: it is there to be read again."""
    if answer.status_code == TOO_MANY or _is_plain_read(request, answer):
        return ""
    if answer.streaming:
        return "(sent in pieces)"
    if told is None:
        return f"({len(answer.content):,} bytes)" if answer.content else ""
    return masked_body(told)


def _is_plain_read(request: HttpRequest, answer: HttpResponse) -> bool:
    """Whether something was read and is there. Nothing of such an answer is kept, so it is not taken apart."""
    return answer.status_code < 400 and request.method in _READS


def _value_of(answer: HttpResponse) -> Any:
    is_json = "json" in answer.headers.get("Content-Type", "")
    if answer.streaming or not is_json or len(answer.content) > LARGEST_TAKEN_APART:
        return None
    try:
        return msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return None

"""Admin pages of the partner API's log: every request and its answer, without secrets."""

import json
import re
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from vendor_admin.listing.admin_base import ReadOnlyAdmin
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.organizations.programs import label_of_program
from vendor_admin.organizations.roles import Right
from vendor_admin.partner_api.models import RequestLogEntry
from vendor_admin.partner_api.problems import ERRORS_PATH

_PLAN = re.compile(r"/api/v1/plans/([0-9]{1,18})\b", re.ASCII)
_CLASSES = (("2", "2xx: done"), ("3", "3xx: not modified"), ("4", "4xx: refused"), ("5", "5xx: broken"))
_METHODS = tuple((name, name) for name in ("GET", "POST", "PATCH", "PUT", "DELETE"))


def _status(row: RequestLogEntry) -> Badge:
    tone = "good" if row.status < 400 else "bad" if row.status >= 500 else "warn"
    return Badge(f"{row.status} {row.code}".strip(), tone)


def _by_class(rows: QuerySet[Any], value: Any) -> QuerySet[Any]:
    first = int(value) * 100
    return rows.filter(status__gte=first, status__lt=first + 100)


def _address(row: RequestLogEntry) -> str:
    return f"{row.path}?{row.query}" if row.query else row.path


def _plan_id(row: RequestLogEntry) -> str | None:
    """The plan that a request made, or was about."""
    found = _PLAN.search(row.location) or _PLAN.search(row.path)
    return found[1] if found else None


def _plan(row: RequestLogEntry) -> str:
    plan_id = _plan_id(row)
    return f"Plan {plan_id}" if plan_id else ""


def _plan_url(row: RequestLogEntry) -> str | None:
    plan_id = _plan_id(row)
    return reverse("admin:operations_plan_change", args=[plan_id]) if plan_id else None


def _program(row: RequestLogEntry) -> str:
    """What the key is called, and what names it where it is gone."""
    return label_of_program(row.caller) or row.caller


def _key_url(row: RequestLogEntry) -> str | None:
    if not row.caller:
        return None
    return f"{reverse('admin:partner_api_requestlogentry_changelist')}?key={row.caller}"


@admin.register(RequestLogEntry)
class RequestLogAdmin(ReadOnlyAdmin):
    """Requests to the partner API."""

    heading = "API requests"
    view_right = Right.VIEW_RAW
    object_template = "admin/partner_api/request.html"
    list_template = "admin/partner_api/requests.html"
    filters = (
        Filter("request_id", "Request id", kind="word"),
        Filter("key", "Key", kind="word", lookup="caller"),
        Filter("path", "Path", kind="word"),
        Filter("method", "Method", choices=_METHODS),
        Filter("status", "Answer", choices=_CLASSES, apply=_by_class),
        Filter("code", "Code of the problem", kind="word"),
        Filter("since", "Since", kind="moment", lookup="at__gte"),
        Filter("until", "Before", kind="moment", lookup="at__lt"),
    )
    columns = (
        Column("Time", lambda row: row.at),
        Column("Method", lambda row: row.method),
        Column("Address", _address),
        Column("Answer", _status),
        Column("ms", lambda row: row.duration, is_number=True, hint="From its arrival to the end of the answer."),
        Column("Key", _program, link=_key_url),
        Column("Plan", _plan, link=_plan_url),
        Column("Request id", lambda row: row.request_id, is_identifier=True),
    )
    intro = (
        "Every request of your organization's programs and what they were answered. Passwords, keys and other secrets "
        "are masked before anything is kept."
    )
    empty = "No program has called yet. Make an API key, and give it to the program's developer."

    def title_of(self, row: Any) -> str:
        return f"{row.method} {row.path}"

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        return [
            ("Answer", _status(row), None),
            ("Time", row.at, None),
            ("Took", f"{row.duration:,} ms", None),
            ("Request id", row.request_id, None),
            ("Key", _program(row), _key_url(row)),
            ("Id of the key", row.caller, None),
            ("Parameters", row.query or None, None),
            ("From", row.address, None),
            ("Version of the API", row.version or None, None),
            ("Idempotency key", row.idempotency_key or None, None),
            ("Saved answer given again", "yes" if row.is_replay else "no", None),
            ("Plan", _plan(row) or None, _plan_url(row)),
        ]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "request_body": _indented(row.request_body),
            "answer_body": _indented(row.answer_body),
            "error_url": f"{ERRORS_PATH}#{row.code}" if row.code else "",
            "days": settings.PARTNER_API_LOG_DAYS,
        }


def _indented(text: str) -> str:
    """JSON over several lines; what was cut stays as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text

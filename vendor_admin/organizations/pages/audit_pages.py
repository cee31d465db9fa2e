"""Admin pages of the audit."""

import json

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from vendor_admin.listing.admin_base import ReadOnlyAdmin
from vendor_admin.listing.lists import Column, Filter
from vendor_admin.organizations.models import AccessEntry, AuditEntry
from vendor_admin.organizations.pages.audit_words import change_in_words
from vendor_admin.organizations.pages.staff_pages import InstallationAdmin
from vendor_admin.organizations.roles import Right

PAGES = {"plan": "admin:operations_plan_change", "operation": "admin:operations_operation_change"}
"""The page of what an entry is about, by its kind."""


def _subject_url(row: AuditEntry) -> str | None:
    page = PAGES.get(row.subject_kind)
    return reverse(page, args=[row.subject_id]) if page else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if value else ""


@admin.register(AuditEntry)
class AuditAdmin(ReadOnlyAdmin):
    """Who changed what."""

    heading = "Audit"
    view_right = Right.VIEW_AUDIT
    columns = (
        Column("At", lambda row: row.at),
        Column("Who", lambda row: row.actor),
        Column("Did", lambda row: row.action),
        Column("To", lambda row: row.subject, link=_subject_url),
        Column("Change", lambda row: change_in_words(row.old, row.new)),
        Column("Why", lambda row: row.reason),
    )
    export_columns = (
        Column("At", lambda row: row.at),
        Column("Who", lambda row: row.actor),
        Column("Did", lambda row: row.action),
        Column("To", lambda row: row.subject),
        Column("Old", lambda row: _json(row.old)),
        Column("New", lambda row: _json(row.new)),
        Column("Why", lambda row: row.reason),
        Column("Request id", lambda row: row.request_id),
        Column("Caller's request id", lambda row: row.caller_request_id),
        Column("Actor type", lambda row: row.actor_kind),
        Column("Actor ID", lambda row: row.actor_id),
        Column("Subject type", lambda row: row.subject_kind),
        Column("Subject ID", lambda row: row.subject_id),
    )
    filters = (
        Filter("who", "Who", kind="word", lookup="actor"),
        Filter("did", "Did, in part", kind="word", lookup="action__icontains"),
        Filter("to", "To, in part", kind="word", lookup="subject__icontains"),
        Filter("since", "Since", kind="moment", lookup="at__gte"),
        Filter("until", "Before", kind="moment", lookup="at__lt"),
    )
    intro = "Every change made by people and commands. Entries can neither be changed nor removed here."
    empty = "Nothing has been changed yet."

    def object_context(self, request: HttpRequest, row: AuditEntry) -> dict[str, object]:
        who = {"kind": row.actor_kind, "id": row.actor_id}
        about = {"kind": row.subject_kind, "id": row.subject_id}
        change = {"who": who, "about": about, "old": row.old, "new": row.new, "request id": row.request_id}
        if row.caller_request_id:
            change["caller's request id"] = row.caller_request_id
        return {"raw_title": "In full", "raw": json.dumps(change, indent=2, ensure_ascii=False)}


@admin.register(AccessEntry)
class AccessAdmin(InstallationAdmin):
    """How people may enter, over all organizations: for operators."""

    list_display = ("at", "actor", "action", "subject", "reason")
    list_filter = ("action",)
    search_fields = ("actor", "subject")
    fields = (
        *("at", "actor", "actor_kind", "actor_id", "action", "subject"),
        *("old", "new", "reason"),
        *("request_id", "caller_request_id"),
    )
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

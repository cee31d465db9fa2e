"""Lists of members and their contact data."""

from collections import Counter
from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.badges import member_badge
from accounts.member_statuses import STATUS_WORDS
from vendor_admin.listing.lists import Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import (
    ENVIRONMENT,
    ENVIRONMENT_COLUMN,
    ID_COLUMN,
    PLATFORM_ID,
    PRESENCE,
    RECEIVED_COLUMN,
    USER_ID,
    MirrorAdmin,
    field_column,
    member_column,
    member_url,
)
from vendor_admin.mirrors.models import ContactInfo, PlatformUser, TradingPermission
from vendor_admin.mirrors.queries.lookups import one_row_each
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.made import made_ids


def _made_by(plan_id: int) -> list[int]:
    """The ids of the members that a plan made."""
    rows = list(PlanRow.objects.filter(plan_id=plan_id, target_type=PlatformUser.entity_type))
    return list(made_ids(rows, organization_id=rows[0].organization_id).values()) if rows else []


@admin.register(PlatformUser)
class MemberAdmin(MirrorAdmin):
    """Members: one line for each platform user id; LIVE wins over DEMO."""

    heading = "Members"
    columns = (
        Column("Member", lambda row: row.name, link=lambda row: member_url(row.entity_id)),
        ID_COLUMN,
        Column("Name", lambda row: row.full_name),
        Column("E-mail", lambda row: row.email),
        Column("Status", member_badge),
        Column("Type", lambda row: row.user_type),
        Column(
            "Accounts", lambda row: row.account_count, hint="Accounts that the member has a trading permission for."
        ),
        ENVIRONMENT_COLUMN,
        RECEIVED_COLUMN,
    )
    filters = (
        Filter(
            "status",
            "Status",
            choices=list(STATUS_WORDS.items()),
        ),
        Filter(
            "type", "Type", choices=[(word, word) for word in ("Trader", "Admin", "Organization")], lookup="user_type"
        ),
        ENVIRONMENT,
        PRESENCE,
        PLATFORM_ID,
        Filter(
            "plan", "Made by plan", kind="number", apply=lambda rows, plan: rows.filter(entity_id__in=_made_by(plan))
        ),
    )
    intro = "Everyone the platform knows in your organization. Use the search box for names, e-mails and ids."
    empty = "No members yet. They appear when a connection is live; the overview shows the sockets."

    def get_queryset(self, request: HttpRequest) -> QuerySet[PlatformUser]:
        return one_row_each(super().get_queryset(request))

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        ids = [row.entity_id for row in rows]
        own = {"organization_id": organization_id, "user_id__in": ids}
        contacts = {row.user_id: row for row in ContactInfo.objects.filter(**own)} if ids else {}
        permissions = TradingPermission.objects.filter(**own, deleted_at__isnull=True).values("user_id", "account_id")
        counts = Counter({row["user_id"]: row["n"] for row in permissions.values("user_id").annotate(n=Count("id"))})
        for row in rows:
            contact = contacts.get(row.entity_id)
            row.full_name = " ".join(filter(None, (contact.first_name, contact.last_name))) if contact else None
            row.account_count = counts[row.entity_id]

    def url_of(self, row: PlatformUser) -> str:
        return member_url(row.entity_id) or ""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if "environment" not in request.GET and "fields" not in request.GET:
            return HttpResponseRedirect(member_url(self.find_object(request, object_id).entity_id) or "")
        return super().change_view(request, object_id, form_url, extra_context)


@admin.register(ContactInfo)
class ContactInfoAdmin(MirrorAdmin):
    """Names and addresses, as the platform has them."""

    columns = (
        member_column(),
        ID_COLUMN,
        field_column("first_name"),
        field_column("last_name"),
        field_column("city"),
        field_column("state"),
        field_column("country"),
        field_column("phone"),
        RECEIVED_COLUMN,
    )
    filters = (USER_ID, ENVIRONMENT, PLATFORM_ID)

"""The list of notices, open ones first, and the page of one."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse

from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, has_right, require
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.notices.acknowledgement import ENDS_WHEN_SEEN, acknowledge
from vendor_admin.notices.models import Delivery, Notice, NoticeKind
from vendor_admin.organizations.actors import label_of
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock

DELIVERIES_SHOWN = 50
_STATES = {
    Notice.OPEN: ("open", "bad"),
    Notice.ACKNOWLEDGED: ("acknowledged", "warn"),
    Notice.CLOSED: ("resolved", "calm"),
}


def state_badge(row: Any) -> Badge:
    """Whether it is open, acknowledged or resolved, as a badge."""
    text, tone = _STATES[row.standing]
    return Badge(text, tone)


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """What is wrong, or waits for somebody."""

    heading = "Alerts"
    view_right = Right.VIEW
    key = ("standing", "id")
    list_template = "admin/notices/notices.html"
    object_template = "admin/notices/notice.html"
    columns = (
        Column("Alert", lambda row: row.title),
        Column("State", state_badge),
        Column("About", lambda row: row.get_kind_display()),
        Column("Since", lambda row: row.opened_at),
        Column("Times", lambda row: row.times, hint="How often it came back since then."),
        Column("Acknowledged by", lambda row: label_of(row.acknowledged_by)),
        Column("Resolved at", lambda row: row.closed_at),
    )
    filters = (
        Filter(
            "state",
            "State",
            choices=[(str(standing), text) for standing, (text, _) in _STATES.items()],
            apply=lambda rows, value: rows.filter(standing=int(value)),
        ),
        Filter("kind", "About", choices=NoticeKind.choices),
    )
    intro = "What is wrong, or waits for somebody: open ones first. They close by themselves when it is over."
    empty = "Nothing has gone wrong yet, and nothing waits for anybody."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(standing__gte=Notice.CLOSED)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_manage = has_right(request, Right.MANAGE_NOTICES)
        return super().changelist_view(request, {"may_manage": may_manage, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.acknowledge_view)
        return [path("<int:notice_id>/acknowledge/", view, name="notice_acknowledge"), *super().get_urls()]

    def object_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        told = Delivery.objects.filter(notice=row).select_related("channel").defer("channel__secret", "message")
        return {
            "notice": row,
            "badge": state_badge(row),
            "may_acknowledge": row.standing == Notice.OPEN and has_right(request, Right.ACKNOWLEDGE_NOTICES),
            "ends_when_seen": row.kind in ENDS_WHEN_SEEN,
            "deliveries": list(told.order_by("-id")[:DELIVERIES_SHOWN]),
        }

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        return [
            ("About", row.get_kind_display(), None),
            ("Since", row.opened_at, None),
            ("How often it came", row.times, None),
            ("Acknowledged by", label_of(row.acknowledged_by), None),
            ("Since when", row.acknowledged_at, None),
            ("Resolved at", row.closed_at, None),
        ]

    def acknowledge_view(self, request: HttpRequest, notice_id: int) -> HttpResponse:
        """Somebody takes care of it (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.ACKNOWLEDGE_NOTICES)
        notice = self.find_object(request, str(notice_id))
        if acknowledge(notice=notice, now=database_clock.now(), **actor_of(request)):
            messages.success(request, "You take care of it: it no longer counts as open for your colleagues.")
        else:
            messages.info(request, "Somebody had seen it before, or it is over.")
        return HttpResponseRedirect(reverse("admin:notices_notice_change", args=[notice.pk]))

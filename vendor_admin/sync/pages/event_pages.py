"""Admin pages of the event log. An event's address carries its time of arrival, by which the log is indexed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse

from vendor_admin.listing.admin_base import ReadOnlyAdmin
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.mirrors.admin.mirror_admin import account_url, environment_badge
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.sync.models import EntityEvent, Kind
from vendor_admin.sync.pages.timeline import KIND_IN_WORDS, KIND_TONES, entity_url, values_at_a_glance
from vendor_admin.tradovate.trading_calendar import session_date

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def event_url(event: EntityEvent) -> str:
    """The address of one event's page."""
    micros = (event.received_at - _EPOCH) // _MICROSECOND
    return reverse("admin:sync_entityevent_change", args=[f"{micros}-{event.id}"])


def kind_badge(event: EntityEvent) -> Badge:
    """Whether it was created, changed or deleted, as a badge."""
    kind = Kind(event.kind)
    return Badge(KIND_IN_WORDS[kind][0], KIND_TONES.get(kind, "calm"))


def _glance(event: EntityEvent) -> str:
    return " · ".join(f"{name} {value}" for name, value in values_at_a_glance(event))


@admin.register(EntityEvent)
class EventAdmin(ReadOnlyAdmin):
    """Everything the platform sent, newest first."""

    heading = "Event log"
    key = ("received_at", "id")
    columns = (
        Column("Received", lambda row: row.received_at),
        Column("Kind", kind_badge),
        Column("Entity", lambda row: f"{row.entity_type} {row.entity_id}", link=entity_url),
        Column(
            "Account",
            lambda row: (row.account.name if row.account else None) or row.account_id,
            link=lambda row: account_url(row.account_id, row.environment),
        ),
        Column("At a glance", _glance),
        Column("Environment", environment_badge),
    )
    filters = (
        Filter("since", "Received since", kind="moment", lookup="received_at__gte"),
        Filter("until", "Received before", kind="moment", lookup="received_at__lt"),
        Filter("type", "Entity type", kind="word", lookup="entity_type"),
        Filter("id", "Entity id", kind="number", lookup="entity_id"),
        Filter("account", "Account id", kind="number", lookup="account_id"),
        Filter("kind", "Kind", choices=[(str(kind.value), words[0]) for kind, words in KIND_IN_WORDS.items()]),
        Filter("environment", "Environment", choices=ENVIRONMENTS),
    )
    intro = "Every entity as the platform sent it, in the order of arrival. The log is only ever added to."
    empty = (
        "No events. Where a socket is live and the platform is quiet, that is right; the overview shows the sockets."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.GET.get("id") and not request.GET.get("type"):
            # Without a type the index (organization, type, id) serves only if the types are named.
            rows = rows.filter(entity_type__in=list(mirror_models()))
        return rows

    def join(self, rows: list[Any], *, organization_id: int) -> None:
        accounts = load(Account, organization_id=organization_id, ids=(row.account_id for row in rows))
        for row in rows:
            row.account = accounts.get(row.account_id, row.environment)

    def url_of(self, row: EntityEvent) -> str:
        return event_url(row)

    def find_object(self, request: HttpRequest, object_id: str) -> Any:
        micros, _, event_id = object_id.partition("-")
        if not (micros.isdecimal() and event_id.isdecimal()) or len(micros) > 16 or len(event_id) > 18:
            raise Http404
        received_at = _EPOCH + int(micros) * _MICROSECOND
        event = super().get_queryset(request).filter(received_at=received_at, id=int(event_id)).first()
        if event is None:
            raise Http404
        return event

    def facts(self, request: HttpRequest, row: Any) -> list[tuple[str, object, str | None]]:
        return [
            ("Received", row.received_at, None),
            ("Session", session_date(row.received_at), None),
            ("Kind", kind_badge(row), None),
            ("Meaning", KIND_IN_WORDS[Kind(row.kind)][1], None),
            ("Entity", f"{row.entity_type} {row.entity_id}", entity_url(row)),
            (
                "Account",
                row.account.name if row.account else row.account_id,
                account_url(row.account_id, row.environment),
            ),
            ("Environment", environment_badge(row), None),
            ("Arrival", f"number {row.seq} of connection {row.epoch} (socket {row.lease_id})", None),
        ]

    def object_context(self, request: HttpRequest, row: EntityEvent) -> dict[str, Any]:
        return {"raw_title": "As received", "raw": row.payload}

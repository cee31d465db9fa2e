"""Admin pages of the sync: sockets, gaps, quarantine and reconciliations. The event log's are in event_pages.py."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from vendor_admin.errors import Conflict
from vendor_admin.listing.admin_base import ReadOnlyAdmin, actor_of, has_right, require
from vendor_admin.listing.lists import Badge, Column, Filter
from vendor_admin.listing.templatetags.vendor import when_in_words
from vendor_admin.mirrors.admin.mirror_admin import environment_badge
from vendor_admin.moments import age_in_words
from vendor_admin.organizations import audit
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync.comparison.confirming import confirm_absence
from vendor_admin.sync.log.retention import QUARANTINE_BYTES, QUARANTINE_ROWS
from vendor_admin.sync.models import Gap, Lease, QuarantinedEvent, Reconciliation, SyncState
from vendor_admin.sync.pages import event_pages
from vendor_admin.sync.rolling import unreadable_in_words
from vendor_admin.sync.socket.retry import WAITS, StillLocked, try_now

__all__ = ["event_pages"]

_ENVIRONMENT = Filter("environment", "Environment", choices=ENVIRONMENTS)
STATE_TONES = {
    SyncState.LIVE: "good",
    SyncState.FAILED: "bad",
    SyncState.BEHIND: "bad",
    SyncState.UNHELD: "warn",
    SyncState.WAITING: "warn",
    SyncState.CONNECTING: "warn",
    SyncState.SYNCING: "warn",
}


def _state(row: Lease) -> Badge:
    if not row.connection.is_enabled:
        return Badge("paused", "calm")
    is_held = row.holder and row.expires_at is not None and row.expires_at > timezone.now()
    if not is_held:
        return Badge(SyncState.UNHELD.label, "warn")
    return Badge(row.get_state_display(), STATE_TONES.get(SyncState(row.state), "calm"))


def _lag(row: Lease) -> str:
    return f"{row.lag_ms:,} ms"


def _why(row: Lease) -> str:
    return " ".join(filter(None, (row.reason, row.advice)))


def _account_by_account(row: Lease) -> str:
    """How far what the platform lists by accounts alone has been read, while that takes long."""
    rows = list(row.connection.reading_places.all()) if row.shard == 0 else []
    behind = [one for one in rows if one.place.is_behind]
    masters = sum(one.masters for one in rows)
    unreadable = " ".join(unreadable_in_words(one.place for one in rows))
    if not behind or not masters:
        return unreadable
    done = max((one.done_at for one in behind if one.done_at), default=None)
    read = masters - sum(one.place.masters_left for one in behind)
    how_far = f"{read:,} of {masters:,} read" + (f", done about {when_in_words(done)}" if done else "")
    return f"{how_far}. {unreadable}" if unreadable else how_far


def _next_try(row: Lease) -> datetime | None:
    return row.next_try_at if row.state == SyncState.WAITING and row.connection.is_enabled else None


@admin.register(Lease)
class SocketAdmin(ReadOnlyAdmin):
    """Sockets and who holds them."""

    columns = (
        Column("Socket", str),
        Column("State", _state),
        Column("Why, and what to do", _why),
        Column("Tries again", _next_try),
        Column("Connected since", lambda row: row.connected_since),
        Column("Last frame", lambda row: row.last_frame_at, is_age=True),
        Column("Last event", lambda row: row.last_event_at, is_age=True),
        Column("Events stored", lambda row: f"{row.events_stored:,}"),
        Column("Lag", _lag, hint="From received to committed, of the newest flush."),
        Column(
            "Account by account",
            _account_by_account,
            hint="Never read, or missed while offline: of what the platform lists by accounts and users alone.",
        ),
        Column("Holder", lambda row: row.holder),
        Column(
            "Fence", lambda row: row.fence, hint="Grows with each take-over; a writer with an older one is refused."
        ),
    )
    filters = (_ENVIRONMENT,)
    intro = "One socket for each connection and shard. Sync workers hold them by leases of ten seconds."
    empty = "No sockets yet. Add a connection; a sync worker opens its socket within seconds."

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).filter(connection__removed_at__isnull=True)
        return rows.select_related("connection__organization").prefetch_related("connection__reading_places")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<int:lease_id>/reconcile/", wrap(self.reconcile_view), name="sync_lease_reconcile"),
            path("<int:lease_id>/try-now/", wrap(self.try_now_view), name="sync_lease_try_now"),
            *super().get_urls(),
        ]

    def reconcile_view(self, request: HttpRequest, lease_id: int) -> HttpResponse:
        """Ask for a comparison of the mirrors with the platform; the socket's hub does it within the minute."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.REQUEST_RECONCILIATION)
        lease = self.find_object(request, str(lease_id))
        Lease.objects.filter(pk=lease.pk).update(reconcile_requested_at=database_clock.now())
        audit.record(
            organization=lease.connection.organization,
            action="reconciliation requested",
            subject=str(lease),
            **actor_of(request),
        )
        messages.success(
            request, "Asked for. The comparison starts when the socket is live; its results are under Reconciliations."
        )
        return HttpResponseRedirect(reverse("admin:sync_lease_change", args=[lease.pk]))

    def try_now_view(self, request: HttpRequest, lease_id: int) -> HttpResponse:
        """End a socket's wait early (POST), from its page or from the overview. A lock of the platform stays."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_CONNECTIONS, asks_code=False)
        lease = self.find_object(request, str(lease_id))
        try:
            try_now(lease=lease, now=database_clock.now(), **actor_of(request))
        except StillLocked as locked:
            messages.warning(
                request,
                f"Not tried: the platform has locked it until {when_in_words(locked.until)}, and a try before then "
                f"would start that time anew. Why: {lease.reason or 'it did not say.'} If the platform has lifted the "
                "lock, an operator can go on with `manage.py sync_retry … --force`.",
            )
        except Conflict as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, f"Asked for: the worker that holds {lease} opens it within seconds.")
        if request.POST.get("back") == "overview":
            return HttpResponseRedirect(reverse("admin:index"))
        return HttpResponseRedirect(reverse("admin:sync_lease_change", args=[lease.pk]))

    def object_context(self, request: HttpRequest, row: Lease) -> dict[str, object]:
        actions = []
        if has_right(request, Right.MANAGE_CONNECTIONS) and row.state in WAITS:
            actions.append(("Try now", reverse("admin:sync_lease_try_now", args=[row.pk])))
        if has_right(request, Right.REQUEST_RECONCILIATION):
            actions.append(("Compare with the platform now", reverse("admin:sync_lease_reconcile", args=[row.pk])))
        return {"post_actions": actions}


def _gap_state(row: Gap) -> Badge:
    if row.ended_at is None:
        return Badge("open", "bad")
    return Badge("repaired", "good") if row.repaired_at else Badge("ended", "warn")


def _gap_length(row: Gap) -> str:
    return age_in_words((row.ended_at or timezone.now()) - row.started_at)


@admin.register(Gap)
class GapAdmin(ReadOnlyAdmin):
    """Times in which nobody listened."""

    columns = (
        Column("From", lambda row: row.started_at),
        Column("Until", lambda row: row.ended_at),
        Column("Length", _gap_length),
        Column("State", _gap_state),
        Column("Environment", environment_badge),
        Column("Why", lambda row: row.reason),
        Column("Differences found", lambda row: row.differences, hint="Stored in the log as “changed while offline”."),
        Column("Repair", lambda row: row.repair_note),
    )
    filters = (
        _ENVIRONMENT,
        Filter(
            "open",
            "State",
            choices=[("yes", "open"), ("no", "ended")],
            apply=lambda rows, value: rows.filter(ended_at__isnull=value == "yes"),
        ),
    )
    intro = (
        "When a socket was down, what changed meanwhile is found by comparing with the platform's snapshot; the time "
        "of the change stays unknown. Fills, reports and cash changes are fetched from the platform's own logs."
    )
    empty = "No gaps: every socket has been listened to since it was first opened."

    def title_of(self, row: Gap) -> str:
        return f"Gap of {row.get_environment_display()} from {when_in_words(row.started_at)}"


def _size(row: QuarantinedEvent) -> int:
    """Of the message as it came, in bytes."""
    return row.full_size or len(bytes(row.raw))


@admin.register(QuarantinedEvent)
class QuarantineAdmin(ReadOnlyAdmin):
    """What could not be read, byte for byte."""

    heading = "Quarantine"
    columns = (
        Column("Received", lambda row: row.received_at),
        Column("Reason", lambda row: row.reason),
        Column("Type", lambda row: row.entity_type),
        Column("Entity id", lambda row: row.entity_id),
        Column(
            "In the log",
            lambda row: row.is_in_log,
            hint="yes: the event is stored; the mirror could not take it, or not all of its values.",
        ),
        Column("Size", lambda row: f"{_size(row):,} bytes"),
        Column("Environment", environment_badge),
    )
    filters = (_ENVIRONMENT, Filter("type", "Entity type", kind="word", lookup="entity_type"))
    intro = (
        "Messages that could not be stored or mirrored, and entities with a value that could not be read. Their "
        "neighbours were taken; nothing here stops a socket. Of a long message only the beginning is kept. Each socket "
        f"keeps up to {QUARANTINE_ROWS:,} messages or {QUARANTINE_BYTES // 2**20} MiB; more are only counted."
    )
    empty = "Nothing in quarantine: everything that arrived could be read."

    def object_context(self, request: HttpRequest, row: QuarantinedEvent) -> dict[str, object]:
        raw = bytes(row.raw)
        shown = raw[:100_000].decode("utf-8", errors="backslashreplace")
        more = f"\n… {_size(row) - 100_000:,} more bytes" if _size(row) > 100_000 else ""
        more += f" (the first {len(raw):,} bytes are kept)" if row.full_size else ""
        return {"raw_title": f"As received ({_size(row):,} bytes)", "raw": shown.replace("\x00", "\\x00") + more}


def _drift(row: Reconciliation) -> Badge:
    if row.absent:
        return Badge("confirmed", "calm") if row.confirmed_at else Badge("needs decision", "bad")
    if row.error:
        return Badge("failed", "bad")
    if row.finished_at is None:
        return Badge("running", "warn")
    if row.is_first_load:
        return Badge("first load", "calm")
    count = row.changed + row.vanished
    return Badge(f"{count:,} differed", "warn") if count else Badge("equal", "good")


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    """Comparisons of mirrors with the platform."""

    columns = (
        Column("Started", lambda row: row.started_at),
        Column("Finished", lambda row: row.finished_at),
        Column("Type", lambda row: row.entity_type),
        Column("Result", _drift),
        Column("At the platform", lambda row: row.platform_count),
        Column("Changed", lambda row: row.changed),
        Column("No longer listed", lambda row: row.vanished),
        Column("Held", lambda row: row.absent, hint="Not listed, and too many to be believed: a person decides."),
        Column("Error", lambda row: row.error),
        Column("Environment", environment_badge),
    )
    filters = (_ENVIRONMENT, Filter("type", "Entity type", kind="word", lookup="entity_type"))
    intro = (
        "Each mirror is compared with its source every hour; what the platform lists by accounts and users alone, of a "
        "large organization over a day. Differences are repaired and stored in the log."
    )
    empty = "No comparison has run yet. One runs every hour while a socket is live, or is asked for on a socket's page."

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.confirm_view)
        return [path("<int:pk>/confirm/", view, name="sync_reconciliation_confirm"), *super().get_urls()]

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Believe that what the platform does not list is gone (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        require(request, Right.MANAGE_CONNECTIONS, asks_code=False)
        row = self.find_object(request, str(pk))
        try:
            confirm_absence(reconciliation=row, now=timezone.now(), **actor_of(request))
        except Conflict as refused:
            messages.warning(request, str(refused))
        else:
            messages.success(request, "Confirmed: they are marked as gone once the platform leaves them out again.")
        return HttpResponseRedirect(reverse("admin:sync_reconciliation_change", args=[pk]))

    def object_context(self, request: HttpRequest, row: Reconciliation) -> dict[str, object]:
        if not row.absent or row.confirmed_at or not has_right(request, Right.MANAGE_CONNECTIONS):
            return {}
        label = f"Confirm that {row.absent:,} are gone"
        return {"post_actions": [(label, reverse("admin:sync_reconciliation_confirm", args=[row.pk]))]}

    def title_of(self, row: Reconciliation) -> str:
        return f"{row.entity_type} of {row.get_environment_display()} compared at {when_in_words(row.started_at)}"

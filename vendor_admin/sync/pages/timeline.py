"""The timeline of a member or an account: platform events, newest first, with the gaps in between shown as gaps.

A page reads, for each account and entity, its newest events by the log's composite indexes (one LATERAL look-up each)
and merges them; the gaps of the same span stand where the socket came back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from vendor_admin.listing.lists import decode_cursor, encode_cursor
from vendor_admin.mirrors.admin.mirror_admin import account_url, member_url, object_url
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.sync.models import EntityEvent, Gap, Kind

KEY = ("received_at", "id")
_GAPS_SHOWN = 200

KIND_IN_WORDS = {
    Kind.CREATED: ("created", "The platform created it."),
    Kind.UPDATED: ("updated", "The platform changed it."),
    Kind.DELETED: ("deleted", "The platform deleted it."),
    Kind.SNAPSHOT: ("initial sync", "It was in the platform's snapshot; it changed at an unknown time before."),
    Kind.RESYNC: ("changed while offline", "It differed after a gap: when it changed is unknown."),
    Kind.VANISHED: ("no longer listed", "A comparison with the platform no longer found it; when it went is unknown."),
}  # fmt: skip
KIND_TONES = {Kind.DELETED: "bad", Kind.RESYNC: "warn", Kind.VANISHED: "bad", Kind.CREATED: "good"}


def entity_url(event: EntityEvent) -> str | None:
    """The page of the entity that an event is about; None for types without a page."""
    if event.entity_type == "user":
        return member_url(event.entity_id)
    if event.entity_type == "account":
        return account_url(event.entity_id, event.environment)
    model = mirror_models().get(event.entity_type)
    return object_url(model, event.entity_id, event.environment) if model else None


@dataclass(frozen=True)
class Subject:
    """Whose events: everything of some accounts, and some entities by type and id. `environment` narrows both."""

    account_ids: tuple[int, ...] = ()
    entities: tuple[tuple[str, int], ...] = ()
    environment: str = ""


@dataclass
class Entry:
    """One line: an event or a gap."""

    at: datetime
    event: EntityEvent | None = None
    gap: Gap | None = None
    glance: Sequence[tuple[str, object]] | None = None
    is_repeat: bool = False

    @property
    def kind(self) -> str:
        return KIND_IN_WORDS[Kind(self.event.kind)][0] if self.event else "gap"

    @property
    def explanation(self) -> str:
        return KIND_IN_WORDS[Kind(self.event.kind)][1] if self.event else ""

    @property
    def is_uncertain(self) -> bool:
        """Whether it is not known when the change happened, so that the line says so in full."""
        return self.event is not None and Kind(self.event.kind) in (Kind.RESYNC, Kind.VANISHED)

    @property
    def url(self) -> str | None:
        """The page of the entity that the line is about."""
        return entity_url(self.event) if self.event else None

    @property
    def tone(self) -> str:
        return KIND_TONES.get(Kind(self.event.kind), "calm") if self.event else "warn"


@dataclass
class Timeline:
    """Entries of one page and the cursors of its neighbours."""

    entries: list[Entry]
    older: str = ""
    is_first_page: bool = True


_SQL = """
SELECT {columns}
  FROM (
    SELECT e.* FROM unnest(%(accounts)s::bigint[]) AS a (id) CROSS JOIN LATERAL (
        SELECT {columns} FROM sync_entityevent
         WHERE organization_id = %(organization)s AND account_id = a.id {narrow}
         ORDER BY received_at DESC, id DESC LIMIT %(size)s) AS e
    UNION ALL
    SELECT e.* FROM unnest(%(types)s::text[], %(ids)s::bigint[]) AS s (type, id) CROSS JOIN LATERAL (
        SELECT {columns} FROM sync_entityevent
         WHERE organization_id = %(organization)s AND entity_type = s.type AND entity_id = s.id
           AND (account_id IS NULL OR account_id <> ALL (%(accounts)s::bigint[])) {narrow}
         ORDER BY received_at DESC, id DESC LIMIT %(size)s) AS e
  ) AS merged
 ORDER BY received_at DESC, id DESC LIMIT %(size)s
"""
_COLUMNS = ", ".join(field.attname for field in EntityEvent._meta.concrete_fields)


def read_timeline(*, organization_id: int, subject: Subject, older_than: str = "", size: int = 50) -> Timeline:
    """One page of a subject's events, newest first, with gaps in place. `older_than` is a cursor of the page before."""
    cursor = decode_cursor(older_than, KEY)
    events = _events(organization_id=organization_id, subject=subject, cursor=cursor, limit=size + 1)
    shown, has_more = events[:size], len(events) > size
    upper = cursor[0] if cursor else None
    lower = shown[-1].received_at if has_more else None
    gaps = _gaps(organization_id=organization_id, environment=subject.environment, upper=upper, lower=lower)
    repeats = _repeats(events)
    entries = [
        Entry(event.received_at, event=event, glance=values_at_a_glance(event), is_repeat=event.pk in repeats)
        for event in shown
    ]
    entries += [Entry(gap.ended_at or gap.started_at, gap=gap) for gap in gaps]
    open_gaps_first = sorted(
        entries, key=lambda entry: (entry.gap is not None and entry.gap.ended_at is None, entry.at), reverse=True
    )
    older = encode_cursor(shown[-1], KEY) if has_more else ""
    return Timeline(open_gaps_first, older=older, is_first_page=cursor is None)


_LONGEST_VALUE = 80
_PLACED_ELSEWHERE = {"id", "accountId", "timestamp", "userId", "contractId"}


def values_at_a_glance(event: EntityEvent) -> Sequence[tuple[str, object]]:
    """The few values of an event that a line has room for, as the platform wrote them."""
    if not isinstance(event.payload, dict):
        return []
    if event.entity_type == "fill" and event.payload.get("active") is False:
        return [("taken back", "yes"), *_plain_values(event.payload)[:4]]
    return _plain_values(event.payload)[:5]


def _plain_values(payload: dict[str, object]) -> list[tuple[str, object]]:
    plain = [
        (name, "yes" if value is True else value)
        for name, value in payload.items()
        if name not in _PLACED_ELSEWHERE and isinstance(value, str | int | float) and value is not False and value != ""
    ]
    return [(name, _shortened(value)) for name, value in plain]


def _repeats(events: Sequence[EntityEvent]) -> set[int]:
    """Of events, newest first, those that say just what the event of their entity before them said."""
    said: dict[tuple[str, int, str], tuple[int, object]] = {}
    repeats = set()
    for event in reversed(events):
        key, says = (event.entity_type, event.entity_id, event.environment), (event.kind, event.payload)
        if said.get(key) == says:
            repeats.add(event.pk)
        said[key] = says
    return repeats


def _shortened(value: object) -> object:
    text = str(value)
    return value if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _events(
    *, organization_id: int, subject: Subject, cursor: Sequence[object] | None, limit: int
) -> list[EntityEvent]:
    narrow, parameters = "", {}
    if subject.environment:
        narrow += " AND environment = %(environment)s"
    if cursor is not None:
        narrow += " AND (received_at, id) < (%(before_at)s, %(before_id)s)"
        parameters = {"before_at": cursor[0], "before_id": cursor[1]}
    parameters |= {
        "organization": organization_id,
        "environment": subject.environment,
        "accounts": list(subject.account_ids),
        "types": [entity_type for entity_type, _ in subject.entities],
        "ids": [entity_id for _, entity_id in subject.entities],
        "size": limit,
    }
    sql = _SQL.replace("{columns}", _COLUMNS).replace("{narrow}", narrow)
    return list(EntityEvent.objects.raw(sql, parameters))


def _gaps(*, organization_id: int, environment: str, upper: Any, lower: Any) -> list[Gap]:
    """Gaps that ended within the page's span, and on the first page those still open."""
    rows = Gap.objects.filter(organization_id=organization_id)
    if environment:
        rows = rows.filter(environment=environment)
    ended = Q()
    if upper is not None:
        ended &= Q(ended_at__lte=upper)
    if lower is not None:
        ended &= Q(ended_at__gt=lower)
    if upper is None and lower is not None:
        ended |= Q(ended_at__isnull=True)
    return list(rows.filter(ended).order_by("-id")[:_GAPS_SHOWN])

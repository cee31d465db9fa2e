"""Compares what the simulated platform sent with what the database holds. It is a program of its own, without our code.

    python tests/faults/compare_ledger.py --ledger FILE --database URL [--sandbox URL] [--kills FILE]

Prints a report as JSON and ends with 1 if a promise is broken. It claims, for each organization and environment:

- The live rows of a socket's epoch are the beginning of what the platform sent over one socket, in its order, each
  once. Frames arrive and are committed in order, so nothing may be missing before the last row that was stored.
- What was sent after that row is lost, and lies in a gap: the gap begins no later than it could have been received, and
  ends no earlier than it was sent. It may have been sent before the gap's start by as long as the last stored row was
  on its way (the service knows when frames arrived, not when they left), or a second if that is longer (a gap also
  begins with a heartbeat, which the ledger does not tell, and a busy machine reads that late), plus `SLACK_SECONDS`.
  What was sent over it after a newer socket had asked for its sync went over that one as well, and is not asked for.
- No row of an older epoch was written by a later transaction than a row of a newer one.
- No two sockets were authorized for longer than `--overlap` seconds.
- With `--sandbox`: every entity the platform shows now is in the mirror with equal fields. Only order history may stand
  in a mirror that the platform no longer shows: it forgets old orders without a word.
- With `--kills`, a list of {"organization", "environment", "at"}: each kill lies in a gap that ended within
  `--take-over` seconds.
"""

import argparse
import collections
import dataclasses
import datetime as dt
import decimal
import itertools
import json
import pathlib
import statistics
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg.rows import dict_row

SLACK_SECONDS = 0.25
LEAST_TRANSIT_SECONDS = 1.0
KINDS = {"Created": 1, "Updated": 2, "Deleted": 3}
FORGOTTEN_SILENTLY = {
    *("order", "orderVersion", "command", "commandReport", "executionReport", "fill", "fillFee", "fillPair"),
    *("cashBalanceLog", "orderStrategy", "orderStrategyLink"),
}
# Read of those masters alone that matter: what is not mirrored of them is not wrong.
READ_IN_PART = {"accountRiskStatusLog", "contractMargin", "productSession"}
OWN_COLUMNS = {
    *("id", "organization_id", "environment", "entity_id", "lease_id", "epoch", "seq", "received_at", "deleted_at"),
    "extra",
}
Place = tuple[str, str]  # organization's name, environment


@dataclasses.dataclass(slots=True)
class Event:
    """One live event as it was sent or stored; `at` is when it was handed to the socket, or received."""

    entity_type: str
    entity_id: int
    kind: int
    text: str
    at: float

    def same_as(self, other: "Event") -> bool:
        return (self.entity_type, self.entity_id, self.kind) == (other.entity_type, other.entity_id, other.kind) and (
            self.text == other.text or json.loads(self.text) == json.loads(other.text)
        )

    @property
    def key(self) -> tuple[str, int, int, str]:
        return (self.entity_type, self.entity_id, self.kind, json.dumps(json.loads(self.text), sort_keys=True))


@dataclasses.dataclass
class PlatformSocket:
    """What the ledger says of one socket; times in epoch seconds."""

    number: int
    authorized_at: float | None = None
    synced_at: float | None = None
    closed_at: float | None = None
    entity_types: list[str] = dataclasses.field(default_factory=list)
    events: list[Event] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Report:
    """What was found; `violations` are broken promises."""

    violations: list[str] = dataclasses.field(default_factory=list)
    places: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    take_over_seconds: list[float] = dataclasses.field(default_factory=list)
    mirrored: int = 0
    kept_history: int = 0

    def broken(self, text: str) -> None:
        self.violations.append(text)


def main() -> int:
    options = _options()
    report = Report()
    sockets = read_ledger(options.ledger)
    with psycopg.connect(options.database, row_factory=dict_row) as database:
        database.execute("SET timezone TO 'UTC'")
        for place in sorted(sockets):
            compare_place(report, place, sockets[place], database, overlap=options.overlap)
        check_repeats(report, database)
        if options.kills:
            check_kills(report, json.loads(options.kills.read_text()), database, most=options.take_over)
        if options.sandbox:
            for place in sorted(sockets):
                compare_mirrors(report, place, sockets[place], database, sandbox=options.sandbox)
    described = dataclasses.asdict(report) | {"take_over": _spread(report.take_over_seconds)}
    sys.stdout.write(json.dumps(described, indent=1) + "\n")
    return 1 if report.violations else 0


def read_ledger(path: pathlib.Path) -> dict[Place, list[PlatformSocket]]:
    """The sockets of each organization and environment in the order of their opening."""
    by_number: dict[int, PlatformSocket] = {}
    places: dict[int, Place] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            number = entry["socket"]
            if number is None:
                continue
            socket = by_number.setdefault(number, PlatformSocket(number))
            if entry["organization"]:
                places[number] = (entry["organization"], entry["environment"])
            _take_in(socket, entry)
    grouped: dict[Place, list[PlatformSocket]] = collections.defaultdict(list)
    for number in sorted(places):
        grouped[places[number]].append(by_number[number])
    return grouped


def _take_in(socket: PlatformSocket, entry: dict[str, Any]) -> None:
    if entry["kind"] == "event" and entry["direction"] == "sent":
        kind = KINDS[entry["event_type"]]
        socket.events.append(Event(entry["entity_type"], entry["entity_id"], kind, entry["text"], entry["at"]))
    elif entry["kind"] == "lifecycle" and (entry["text"] == "closed" or entry["text"].startswith("dropped")):
        socket.closed_at = socket.closed_at or entry["at"]
    elif entry["kind"] == "frame" and entry["direction"] == "received":
        if entry["endpoint"].lower() == "authorize":
            socket.authorized_at = entry["at"]
        elif entry["endpoint"].lower() == "user/syncrequest":
            socket.synced_at = entry["at"]
            socket.entity_types = json.loads(entry["text"])["entityTypes"]


def compare_place(
    report: Report, place: Place, sockets: list[PlatformSocket], database: psycopg.Connection[Any], *, overlap: float
) -> None:
    """The events, gaps and authorized times of one lease."""
    lease = _lease(database, place)
    if lease is None:
        report.broken(f"{place}: the platform had sockets of it, and the service has no lease")
        return
    gaps = _gaps(database, lease)
    epochs = stored_events(database, lease)
    stored = dict.fromkeys(("sent", "stored", "lost", "lost_in_flight", "sent_to_replaced"), 0)
    remaining = list(sockets)
    for epoch, rows in sorted(epochs.items()):
        matching = socket_of(rows, remaining)
        if matching is None:
            report.broken(f"{place}: epoch {epoch} holds {len(rows)} events that no socket sent")
            continue
        remaining.remove(matching)
        lost = compare_socket(report, place, matching, rows)
        transit = max(LEAST_TRANSIT_SECONDS, rows[-1].at - matching.events[-len(lost) - 1].at)
        lost = _count(stored, matching, lost, sockets)
        check_lost(report, place, lost, gaps, transit=transit, counts=stored)
    for socket in remaining:
        lost = _count(stored, socket, socket.events, sockets)
        check_lost(report, place, lost, gaps, transit=LEAST_TRANSIT_SECONDS, counts=stored)
    check_writers(report, place, lease, database)
    longest = longest_overlap(sockets)
    if longest > overlap:
        report.broken(f"{place}: two sockets were authorized for {longest:.2f} s")
    for gap in gaps:
        if gap[1] == float("inf"):
            report.broken(f"{place}: a gap is still open")
    report.places[" ".join(place)] = stored | {
        "sockets": len(sockets),
        "gaps": len(gaps),
        "longest_gap_seconds": round(max((end - start for start, end in gaps), default=0.0), 2),
        "overlap_seconds": round(longest, 3),
    }


def socket_of(rows: list[Event], sockets: list[PlatformSocket]) -> PlatformSocket | None:
    """The socket over which an epoch's rows came: the first that sent just these; else the first that begins alike."""
    alike = [
        one
        for one in sockets
        if one.events and one.events[0].same_as(rows[0]) and (one.authorized_at or 0.0) <= rows[0].at + SLACK_SECONDS
    ]
    exact = (one for one in alike if len(rows) <= len(one.events) and all(map(Event.same_as, rows, one.events)))
    return next(exact, alike[0] if alike else None)


def compare_socket(report: Report, place: Place, socket: PlatformSocket, rows: list[Event]) -> list[Event]:
    """Whether the rows are the beginning of what the socket sent; returns what was sent after the last of them."""
    if len(rows) <= len(socket.events) and all(map(Event.same_as, rows, socket.events)):
        return socket.events[len(rows) :]
    sent = collections.Counter(event.key for event in socket.events)
    stored = collections.Counter(row.key for row in rows)
    where = f"{place} socket {socket.number}"
    twice, invented = 0, 0
    for key, count in (stored - sent).items():
        twice, invented = (twice + count, invented) if sent[key] else (twice, invented + count)
    if twice:
        report.broken(f"{where}: {twice} events are stored more often than they were sent")
    if invented:
        report.broken(f"{where}: {invented} stored events were never sent over it")
    last = max((index for index, event in enumerate(socket.events) if event.key in stored), default=-1)
    missing = collections.Counter(event.key for event in socket.events[: last + 1]) - stored
    if missing:
        report.broken(f"{where}: {missing.total()} events before the last stored one are missing")
    if not (twice or invented or missing):
        report.broken(f"{where}: events are stored in another order than they were sent")
    return socket.events[last + 1 :]


def check_lost(
    report: Report,
    place: Place,
    lost: list[Event],
    gaps: list[tuple[float, float]],
    *,
    transit: float,
    counts: dict[str, int],
) -> None:
    """Every lost event lies in a gap; see the module's text for what "in" means."""
    outside = []
    for event in lost:
        if any(start <= event.at <= end for start, end in gaps):
            continue
        counts["lost_in_flight"] += 1
        if not any(start - transit - SLACK_SECONDS <= event.at <= end for start, end in gaps):
            outside.append(event.at)
    if outside:
        first, last = (_time_of(at) for at in (min(outside), max(outside)))
        after = [start - min(outside) for start, end in gaps if end >= min(outside)]
        nearest = f"the next gap begins {min(after):.3f} s later" if after else "no gap ends later"
        report.broken(f"{place}: {len(outside)} events sent from {first} to {last} are lost and in no gap ({nearest})")


def _time_of(at: float) -> dt.time:
    return dt.datetime.fromtimestamp(at, dt.UTC).time()


def check_writers(report: Report, place: Place, lease: int, database: psycopg.Connection[Any]) -> None:
    """P3: who wrote under a newer epoch came after all who wrote under an older one."""
    query = """
        SELECT epoch, min(tx)::text::bigint AS first, max(tx)::text::bigint AS last FROM sync_entityevent
         WHERE lease_id = %s AND kind <= 3 GROUP BY epoch ORDER BY epoch
    """
    for older, newer in itertools.pairwise(database.execute(query, [lease]).fetchall()):
        if older["last"] > newer["first"]:
            report.broken(
                f"{place}: two writers, rows of epoch {older['epoch']} came after rows of epoch {newer['epoch']}"
            )


def check_repeats(report: Report, database: psycopg.Connection[Any]) -> None:
    """No arrival number of a socket is stored twice, and nothing went to quarantine."""
    query = """
        SELECT count(*) AS n
          FROM (SELECT 1 FROM sync_entityevent GROUP BY lease_id, epoch, seq HAVING count(*) > 1) AS repeated
    """
    if repeated := _one(database, query):
        report.broken(f"{repeated} arrival numbers are stored more than once")
    if quarantined := _one(database, "SELECT count(*) AS n FROM sync_quarantinedevent"):
        report.broken(f"{quarantined} good events are in quarantine")


def check_kills(report: Report, kills: list[dict[str, Any]], database: psycopg.Connection[Any], *, most: float) -> None:
    """Each kill lies in a gap; how long it took until events arrived again."""
    for kill in kills:
        lease = _lease(database, (kill["organization"], kill["environment"]))
        gaps = _gaps(database, lease) if lease is not None else []
        covering = [end for start, end in gaps if start <= kill["at"] + SLACK_SECONDS and kill["at"] <= end]
        if not covering:
            report.broken(f"the kill at {kill['at']:.3f} of {kill['environment']} lies in no gap")
            continue
        seconds = min(covering) - kill["at"]
        report.take_over_seconds.append(round(seconds, 2))
        if seconds > most:
            report.broken(f"the take-over of {kill['environment']} took {seconds:.1f} s, more than {most:g} s")


def longest_overlap(sockets: list[PlatformSocket]) -> float:
    """Longest time in seconds in which two sockets of one lease were authorized."""
    spans = sorted(
        (one.authorized_at, one.closed_at or float("inf")) for one in sockets if one.authorized_at is not None
    )
    longest, latest_end = 0.0, float("-inf")
    for start, end in spans:
        longest = max(longest, min(latest_end, end) - start)
        latest_end = max(latest_end, end)
    return longest


def compare_mirrors(
    report: Report, place: Place, sockets: list[PlatformSocket], database: psycopg.Connection[Any], *, sandbox: str
) -> None:
    """P2: what the platform shows now is what the mirrors hold."""
    query = urllib.parse.urlencode({"organization": place[0], "environment": place[1]})
    with urllib.request.urlopen(f"{sandbox}/control/expected?{query}", timeout=60) as answer:
        entities = json.load(answer)["entities"]
    tables = {
        row["table_name"].removeprefix("mirrors_"): row["table_name"]
        for row in database.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'mirrors\\_%'"
        )
    }
    for entity_type in sockets[-1].entity_types:
        table = tables.get("platformuser" if entity_type == "user" else entity_type.lower())
        if table is None:
            report.broken(f"there is no mirror of {entity_type}")
            continue
        rows = {row["entity_id"]: row for row in _mirror_rows(database, table, place)}
        shown = entities.get(entity_type, [])
        if entity_type in READ_IN_PART:
            shown = [one for one in shown if one["id"] in rows]
        wrong = [one["id"] for one in shown if not is_mirrored(one, rows.pop(one["id"], None))]
        report.mirrored += len(shown) - len(wrong)
        left = [entity_id for entity_id, row in rows.items() if row["deleted_at"] is None]
        if wrong:
            report.broken(f"{place}: {len(wrong)} mirrors of {entity_type} differ from the platform, e.g. {wrong[:3]}")
        if entity_type in FORGOTTEN_SILENTLY:
            report.kept_history += len(left)
        elif left:
            report.broken(f"{place}: {len(left)} mirrors of {entity_type} are unknown to the platform, e.g. {left[:3]}")


def is_mirrored(entity: dict[str, Any], row: dict[str, Any] | None) -> bool:
    """Whether a mirror row has every field of the platform's entity, and no other."""
    if row is None or row["deleted_at"] is not None:
        return False
    columns = {_plain(name): name for name in row if name not in OWN_COLUMNS}
    columns.pop("organizationid", None)
    if "platform_organization_id" in row:
        columns["organizationid"] = "platform_organization_id"
    extra = row["extra"] or {}
    unset = set(columns.values()) - {"account_id"}
    for key, value in entity.items():
        column = columns.get(key.lower())
        if key == "id":
            continue
        if column is None:
            if extra.get(key) != value:
                return False
            continue
        unset.discard(column)
        if not _equal(row[column], value):
            return False
    return all(row[column] is None for column in unset)


def _equal(stored: Any, sent: Any) -> bool:
    if isinstance(stored, dt.datetime):
        return stored == dt.datetime.fromisoformat(sent.replace("Z", "+00:00"))
    if isinstance(stored, dt.date):
        return bool((stored.year, stored.month, stored.day) == (sent["year"], sent["month"], sent["day"]))
    if isinstance(stored, dt.time):
        return bool((stored.hour, stored.minute) == (sent["hour"], sent["minute"]))
    if isinstance(stored, decimal.Decimal) or (isinstance(sent, float) and isinstance(stored, int)):
        return decimal.Decimal(stored) == decimal.Decimal(str(sent))
    return bool(stored == sent)


def _plain(column: str) -> str:
    return column.removeprefix("platform_").replace("_", "")


def stored_events(database: psycopg.Connection[Any], lease: int) -> dict[int, list[Event]]:
    """The live rows of a lease by epoch, in the order of arrival."""
    query = """
        SELECT epoch, entity_type, entity_id, kind, payload::text AS text, extract(epoch FROM received_at)::float8 AS at
          FROM sync_entityevent WHERE lease_id = %s AND kind <= 3 ORDER BY epoch, seq, id
    """
    found: dict[int, list[Event]] = collections.defaultdict(list)
    for row in _streamed(database, query, [lease]):
        event = Event(row["entity_type"], row["entity_id"], row["kind"], row["text"], row["at"])
        found[row["epoch"]].append(event)
    return found


def _streamed(database: psycopg.Connection[Any], query: str, values: list[Any]) -> Iterator[dict[str, Any]]:
    with database.cursor("rows") as cursor:
        cursor.itersize = 20_000
        cursor.execute(query, values)
        yield from cursor


def _lease(database: psycopg.Connection[Any], place: Place) -> int | None:
    query = """
        SELECT l.id FROM sync_lease l JOIN organizations_organization o ON o.id = l.organization_id
         WHERE o.name = %s AND l.environment = %s
    """
    found = database.execute(query, list(place)).fetchall()
    if len(found) > 1:
        raise SystemExit(f"{place} has several shards, which this program does not compare")
    return found[0]["id"] if found else None


def _gaps(database: psycopg.Connection[Any], lease: int) -> list[tuple[float, float]]:
    query = """
        SELECT extract(epoch FROM started_at)::float8 AS start, extract(epoch FROM ended_at)::float8 AS end
          FROM sync_gap WHERE lease_id = %s ORDER BY started_at
    """
    infinite = float("inf")
    return [(row["start"], infinite if row["end"] is None else row["end"]) for row in database.execute(query, [lease])]


def _mirror_rows(database: psycopg.Connection[Any], table: str, place: Place) -> Iterator[dict[str, Any]]:
    query = f"""
        SELECT m.* FROM {table} m JOIN organizations_organization o ON o.id = m.organization_id
         WHERE o.name = %s AND m.environment = %s
    """  # noqa: S608 - a table's name from the catalogue
    return _streamed(database, query, list(place))


def _one(database: psycopg.Connection[Any], query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row["n"]) if row else 0


def _count(
    counts: dict[str, int], socket: PlatformSocket, lost: list[Event], sockets: list[PlatformSocket]
) -> list[Event]:
    """Count a socket's events; returns the lost ones without those sent after a newer socket had replaced it."""
    newer = [one.synced_at for one in sockets if one.number > socket.number and one.synced_at is not None]
    replaced_at = min(newer, default=float("inf"))
    really_lost = [event for event in lost if event.at <= replaced_at]
    counts["sent"] += len(socket.events)
    counts["stored"] += len(socket.events) - len(lost)
    counts["lost"] += len(really_lost)
    counts["sent_to_replaced"] += len(lost) - len(really_lost)
    return really_lost


def _spread(seconds: list[float]) -> dict[str, float]:
    if not seconds:
        return {}
    return {"min": min(seconds), "median": round(statistics.median(seconds), 2), "max": max(seconds)}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare the simulated platform's ledger with the database.")
    parser.add_argument("--ledger", type=pathlib.Path, required=True)
    parser.add_argument("--database", required=True, help="address of a login that sees all rows")
    parser.add_argument("--sandbox", help="address of the sandbox, to compare the mirrors with what it shows now")
    parser.add_argument("--kills", type=pathlib.Path, help="JSON file of kills")
    parser.add_argument("--take-over", type=float, default=12.0, help="seconds")
    parser.add_argument("--overlap", type=float, default=1.0, help="seconds")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

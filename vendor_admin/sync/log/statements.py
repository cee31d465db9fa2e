"""The writer's SQL, derived from the mirror models and built once per entity type.

Every statement reads its rows from one bound JSON parameter with `jsonb_to_recordset`: the platform's own bytes are
spliced into it unparsed. Our own keys start with an underscore and stand last in each object, since of two equal keys
jsonb keeps the last: an entity cannot speak for another organization. What all rows of a socket share stands once, in
an array of (organization, lease, epoch) that the rows point into: a number read from JSON costs more than an element.
What PostgreSQL's input functions would take for something that it is not has been read before (odd_values.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from vendor_admin.mirrors.columns import Column, mirror_models, platform_columns
from vendor_admin.mirrors.models import GenericEntity
from vendor_admin.sync.log.retention import QUARANTINE_BYTES, QUARANTINE_ROWS
from vendor_admin.tradovate.values import AHEAD

NONE_LEFT_OUT: frozenset[str] = frozenset()

# How long an answer of the platform may be under way: what a mirror heard before that is older than the answer.
_LONGEST_ANSWER = "interval '10 minutes'"

HOLD_FENCES = "SELECT sync_hold_fences(%t::jsonb)"

LEDGER = """
INSERT INTO sync_batch
    (organization_id, lease_id, epoch, first_seq, last_seq, row_count, received_from, received_to, committed_at)
SELECT o, l, p, f, t, n, rf, rt, clock_timestamp() FROM jsonb_to_recordset(%t::jsonb)
    AS x(o bigint, l bigint, p bigint, f bigint, t bigint, n integer, rf timestamptz, rt timestamptz)
"""

COMMITTED = """
SELECT count(*) FROM sync_batch b JOIN jsonb_to_recordset(%t::jsonb) AS x(l bigint, p bigint, f bigint)
    ON b.lease_id = x.l AND b.epoch = x.p AND b.first_seq = x.f
"""

_LOG_COLUMNS = (
    "organization_id, environment, lease_id, epoch, seq, received_at, kind, entity_type, entity_id, account_id, payload"
)
_SOCKETS = "(%(sockets)t::bigint[])"
_ORGANIZATION, _LEASE, _EPOCH = (f'{_SOCKETS}[x."_s"][{place}]' for place in (1, 2, 3))
_LOG_SOCKETS = "(%(log_sockets)t::bigint[])"
_LOG_VALUES = (
    f"{_LOG_SOCKETS}[x.s][1], x.v, {_LOG_SOCKETS}[x.s][2], {_LOG_SOCKETS}[x.s][3], x.q,"
    " (%(log_times)t::timestamptz[])[x.r], x.k, x.t, x.i, x.a, x.e"
)
_LOG_RECORD = (
    "jsonb_to_recordset(%(log_rows)t::jsonb)"
    " AS x(s integer, v text, q bigint, r integer, k smallint, t text, i bigint, a bigint, e jsonb)"
)
LOG = f"INSERT INTO sync_entityevent ({_LOG_COLUMNS}) SELECT {_LOG_VALUES} FROM {_LOG_RECORD}"

# A socket whose quarantine is full only counts what comes: a peer that sends nothing else shall not fill the disk.
QUARANTINE = f"""
WITH full_one AS (
    UPDATE sync_storedrows SET left_out = left_out + 1
     WHERE lease_id = %(lease_id)s AND what = 'quarantine'
       AND (row_count >= {QUARANTINE_ROWS} OR byte_count >= {QUARANTINE_BYTES}) RETURNING lease_id)
INSERT INTO sync_quarantinedevent
    (organization_id, lease_id, environment, epoch, seq, received_at, entity_type, entity_id, reason, is_in_log, raw,
     full_size)
SELECT %(organization_id)s, %(lease_id)s, %(environment)s, %(epoch)s, %(seq)s, %(received_at)s, %(entity_type)s,
       %(entity_id)s, %(reason)s, %(is_in_log)s, %(raw)s, %(full_size)s
 WHERE NOT EXISTS (SELECT FROM full_one)
"""

# The bookkeeping columns of every mirror: those of the socket, and the keys that carry the others.
_OF_SOCKET = (("organization_id", _ORGANIZATION), ("lease_id", _LEASE), ("epoch", _EPOCH))
_OWN = (
    ("environment", "_v", "text"),
    ("seq", "_q", "bigint"),
    ("received_at", "_r", "timestamptz"),
    ("extra", "_x", "jsonb"),
)
_KEY = ("organization_id", "environment", "entity_id")


@dataclass(frozen=True)
class MirrorStatements:
    """The statements of one mirror: for live rows `upsert` and `mark_deleted`; for differences `upsert_differences` and
    `mark_vanished`, which log what they changed.
    """

    upsert: str
    upsert_differences: str
    mark_deleted: str
    mark_vanished: str
    is_generic: bool = False


@lru_cache(maxsize=1000)
def statements_for(entity_type: str, left_out: frozenset[str] = NONE_LEFT_OUT) -> MirrorStatements:
    """Statements for an entity type; types without a model share those of the generic mirror.

    The columns of the keys that are left out stay as they are.
    """
    model = mirror_models().get(entity_type)
    if model is None:
        return _generic()
    columns = [column for column in platform_columns(model) if column.json_key not in left_out]
    own = list(_OWN)
    if model.account_is_derived:
        own.append(("account_id", "_a", "bigint"))
    names, values, record = _bookkeeping(own)
    names += ["entity_id", *(column.name for column in columns)]
    values += ['x."id"', *(_value(column) for column in columns)]
    record += ['"id" bigint']
    record += [f'"{column.json_key}" {_recorded_as(column)}' for column in columns]
    has_timestamp = any(column.name == "timestamp" for column in columns)
    compared = [name for name in names if name not in {"lease_id", "epoch", "seq", "received_at", *_KEY}]
    return _build(
        table=f'"{model._meta.db_table}"',
        names=names,
        values=values,
        record=f"x({', '.join(record)})",
        key="organization_id, entity_id, environment",
        compared=compared,
        timestamp=_OF_COLUMN if has_timestamp else None,
    )


@cache
def _generic() -> MirrorStatements:
    names, values, record = _bookkeeping([column for column in _OWN if column[0] != "extra"])
    names += ["entity_id", "type_name", "payload"]
    values += ['x."_i"', 'x."_t"', 'x."_e"']
    record += ['"_i" bigint', '"_t" text', '"_e" jsonb']
    built = _build(
        table=f'"{GenericEntity._meta.db_table}"',
        names=names,
        values=values,
        record=f"x({', '.join(record)})",
        key="organization_id, type_name, entity_id, environment",
        compared=["payload"],
        timestamp=_OF_PAYLOAD,
    )
    return replace(built, is_generic=True)


def _bookkeeping(own: list[tuple[str, str, str]]) -> tuple[list[str], list[str], list[str]]:
    """Names, values and record columns of what we note about a mirror's row."""
    names = [name for name, _ in _OF_SOCKET] + [name for name, _, _ in own]
    values = [value for _, value in _OF_SOCKET] + [f'x."{key}"' for _, key, _ in own]
    return names, values, ['"_s" integer', *(f'"{key}" {sql_type}' for _, key, sql_type in own)]


def _recorded_as(column: Column) -> str:
    """The SQL type that a value is read from JSON as."""
    return "jsonb" if column.is_trade_date or column.is_time_of_day else column.sql_type


def _value(column: Column) -> str:
    value = f'x."{column.json_key}"'
    if column.is_trade_date:
        return f"make_date(({value}->>'year')::integer, ({value}->>'month')::integer, ({value}->>'day')::integer)"
    if column.is_time_of_day:
        return f"make_time(({value}->>'hour')::integer, ({value}->>'minute')::integer, 0)"
    return value


def _timestamp_in_payload(row: str) -> str:
    """Text that sorts like the time it means; NULL where the payload has no timestamp of the platform's form."""
    text = f"({row}.payload->>'timestamp')"
    return (
        rf"(CASE WHEN {text} ~ '^\d{{4}}(-\d\d){{2}}T\d\d(:\d\d){{2}}(\.\d{{1,9}})?Z$'"
        f" THEN rpad(left({text}, 19) || '.' || rtrim(substr({text}, 21), 'Z'), 29, '0') END COLLATE \"C\")"
    )


@dataclass(frozen=True)
class _Timestamp:
    """The SQL of an entity's own timestamp in a row (`m` or `EXCLUDED`), and of a moment in the same form."""

    of: Callable[[str], str]
    like: Callable[[str], str]

    def decides(self, *, is_difference: bool) -> str:
        """SQL: a row is not older than the mirror's by the entity's own timestamp.

        A time ahead of its arrival does not count. What the platform lists counts whatever its time: an answer gives
        way only to what was heard while it was under way, and not to what an earlier connection heard.
        """
        ahead = f"interval '{AHEAD.total_seconds():.0f} seconds'"
        older = (
            f"{self.of('EXCLUDED')} < {self.of('m')} AND {self.of('m')} <= {self.like(f'(m.received_at + {ahead})')}"
        )
        if is_difference:
            older += (
                f" AND m.received_at > EXCLUDED.received_at - {_LONGEST_ANSWER}"
                " AND NOT (m.lease_id = EXCLUDED.lease_id AND m.epoch < EXCLUDED.epoch)"
            )
        return f"({older}) IS NOT TRUE"


_OF_COLUMN = _Timestamp(of=lambda row: f"{row}.timestamp", like=lambda moment: moment)
_OF_PAYLOAD = _Timestamp(
    of=_timestamp_in_payload,
    like=lambda moment: f"""to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')""",
)


def _build(
    *,
    table: str,
    names: list[str],
    values: list[str],
    record: str,
    key: str,
    compared: list[str],
    timestamp: _Timestamp | None,
) -> MirrorStatements:
    keys = {part.strip() for part in key.split(",")}
    settable = [name for name in names if name not in keys]
    upsert = (
        f"INSERT INTO {table} AS m ({', '.join(names)}) SELECT {', '.join(values)}"
        f" FROM jsonb_to_recordset(%(rows)t::jsonb) AS {record}"
        f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{name} = EXCLUDED.{name}' for name in settable)},"
        " deleted_at = NULL WHERE "
    )
    never_older, listed = (
        f" AND {timestamp.decides(is_difference=is_difference)}" if timestamp else "" for is_difference in (False, True)
    )
    differs = (
        f" AND (m.deleted_at IS NOT NULL OR ({', '.join('m.' + name for name in compared)})"
        f" IS DISTINCT FROM ({', '.join('EXCLUDED.' + name for name in compared)}))"
    )
    of_excluded = {name: f"EXCLUDED.{name}" for name in ("lease_id", "epoch", "seq", "received_at")}
    of_deletion = {"lease_id": _LEASE, "epoch": _EPOCH, "seq": 'x."_q"', "received_at": 'x."_r"'}
    mark = (
        f'UPDATE {table} AS m SET deleted_at = x."_r", lease_id = {_LEASE}, epoch = {_EPOCH}, seq = x."_q",'
        f' received_at = x."_r" FROM jsonb_to_recordset(%(rows)t::jsonb) AS '
        f'x("_s" integer, "_v" text, "_q" bigint, "_r" timestamptz, "_t" text, "_i" bigint)'
        f' WHERE m.organization_id = {_ORGANIZATION} AND m.environment = x."_v" AND m.entity_id = x."_i"'
        + (' AND m.type_name = x."_t"' if "type_name" in keys else "")
        + " AND "
    )
    return MirrorStatements(
        upsert=upsert + _newer(of_excluded) + never_older,
        upsert_differences=_logged(upsert + _newer(of_excluded, is_difference=True) + listed + differs, keys),
        mark_deleted=mark + _newer(of_deletion),
        mark_vanished=_logged(mark + _newer(of_deletion, is_difference=True) + " AND m.deleted_at IS NULL", keys),
    )


def _newer(row: dict[str, str], *, is_difference: bool = False) -> str:
    """Whether a row is newer than the mirror's. Arrival order counts only within one socket; across sockets the later
    commit wins, but an answer of the platform never replaces what another socket received after it.
    """
    later = f"(m.epoch, m.seq) < ({row['epoch']}, {row['seq']})"
    if not is_difference:
        return f"(m.lease_id <> {row['lease_id']} OR {later})"
    return f"(CASE WHEN m.lease_id = {row['lease_id']} THEN {later} ELSE m.received_at < {row['received_at']} END)"


def _logged(change: str, keys: set[str]) -> str:
    """A statement that also appends to the log the rows that it changed."""
    returned = ["organization_id", "environment", "entity_id"]
    on = f"{_LOG_SOCKETS}[x.s][1] = c.organization_id AND x.v = c.environment AND x.i = c.entity_id"
    if "type_name" in keys:
        returned.append("type_name")
        on += " AND x.t = c.type_name"
    return (
        f"WITH changed AS ({change} RETURNING {', '.join('m.' + name for name in returned)}) "
        f"INSERT INTO sync_entityevent ({_LOG_COLUMNS}) SELECT {_LOG_VALUES}"
        f" FROM {_LOG_RECORD} JOIN changed c ON {on}"
    )

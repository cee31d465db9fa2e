"""Which life of the database this is: a restored backup or a promoted standby begins a new one.

What was queued when a backup was made may have been sent since, and only the database that was lost knew it. So the
database's identity is remembered in it: the cluster's system identifier, the timeline of its log, the database's OID. A
restore into the same database leaves all three as they are. Against that a counter that only grows, and the life's
token, are kept in a file of each host as well: an older counter, or a token that the database has never heard of, tells
that time went back. A host without the file makes one.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.db import NotSupportedError, ProgrammingError, connection, transaction

from vendor_admin.organizations.models import Incarnation

log = structlog.get_logger(__name__)

BEAT_EVERY = timedelta(seconds=10)
FIRST = "The first start with this database."
ANOTHER_SERVER = "The database is another one, or on another server: it was restored, upgraded or moved."
ANOTHER_TIMELINE = "The server was restored to an earlier time, or a standby took over."
TIME_WENT_BACK = "The database is older than this host remembers: an earlier state was restored into it."
_LOCK_NUMBER = 7_204_002

# Everybody may execute these functions, unless an administrator or a hosting provider took the right away.
_IDENTITY = {
    "system_identifier": "(SELECT system_identifier::text FROM pg_control_system())",
    "timeline": "left(pg_walfile_name(pg_current_wal_lsn()), 8)",
    "database_oid": "(SELECT oid::text FROM pg_database WHERE datname = current_database())",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """What the server says of itself; empty where it does not say it."""

    system_identifier: str
    timeline: str
    database_oid: str

    def is_other_than(self, known: Incarnation, *names: str) -> bool:
        """Whether any of these differs from what was known, where both say it."""
        pairs = ((getattr(self, name), getattr(known, name)) for name in names)
        return any(found and before and found != before for found, before in pairs)


def identity_of(known: Incarnation) -> Identity:
    """What the server said of itself when this life began."""
    return Identity(*(getattr(known, name) for name in _IDENTITY))


@dataclass(frozen=True, slots=True)
class Memory:
    """What a host remembers outside of the database: the token of its life, and how often it had beaten."""

    token: str
    beat: int


def present(*, now: datetime) -> Incarnation:
    """The life of the database as it is now; a new one is begun where it is not the one that was known.

    Three queries while all is as before. Must not run inside a transaction, where nobody else would see it.
    """
    memory = _recall()  # before the database, which may have gone on since this was written
    known, identity = _newest(), identity_of_database()
    if known is None or _what_changed(known, identity, memory):
        with transaction.atomic(durable=True):
            _serialize()
            known = _newest()
            why = _what_changed(known, identity, memory) if known is not None else _why_at_first(memory)
            if known is None or why:
                known = _begin(identity, why or FIRST, is_first=not why, now=now)
    elif known.beat_at <= now - BEAT_EVERY:
        _beat(known, now=now)
    _remember(known)
    return known


def begin_anew(*, why: str, now: datetime) -> Incarnation:
    """Begin a new life by hand, for a restore that nothing tells of; one that is not settled yet goes on."""
    identity = identity_of_database()
    with transaction.atomic(durable=True):
        _serialize()
        known = _newest()
        if known is None or known.settled_at is not None:
            known = _begin(identity, why, is_first=False, now=now)
    _remember(known)
    return known


def is_present(incarnation: Incarnation) -> bool:
    """Whether this is still the life of the database that the connection leads to, and settled. Two queries."""
    known = _newest()
    is_same = known is not None and known.token == incarnation.token and known.settled_at is not None
    return is_same and not identity_of_database().is_other_than(incarnation, *_IDENTITY)


def begun_after_another() -> Incarnation | None:
    """The present life where it is not the database's first; by hand or by itself. One query."""
    found = _newest()
    return found if found is not None and not found.is_first else None


def is_settled() -> bool:
    """Whether this is the database that workers know, and nothing of an earlier life is left to be marked: for what
    begins something inside a transaction. Two queries."""
    known = _newest()
    return known is None or (known.settled_at is not None and is_present(known))


def identity_of_database() -> Identity:
    """Ask the server who it is."""
    with connection.cursor() as cursor:
        cursor.execute(identity_statement())
        return Identity(*cursor.fetchone())


@cache
def identity_statement() -> str:
    """One SELECT of all that this server lets us ask, decided once by each process."""
    return "SELECT " + ", ".join(_IDENTITY[one.name] if _may_ask(one.name) else "''" for one in fields(Identity))


def _newest() -> Incarnation | None:
    return Incarnation.objects.order_by("-id").first()


def _what_changed(known: Incarnation, identity: Identity, memory: Memory | None) -> str:
    """Why this is another life than the known one; empty where it is the same."""
    if identity.is_other_than(known, "system_identifier", "database_oid"):
        return ANOTHER_SERVER
    if identity.is_other_than(known, "timeline"):
        return ANOTHER_TIMELINE
    if memory is None:
        return ""
    is_older = memory.token == str(known.token) and memory.beat > known.beat
    return TIME_WENT_BACK if is_older or not _was_ever(memory.token) else ""


def _why_at_first(memory: Memory | None) -> str:
    """A database that knows no life has begun its first, unless this host remembers one."""
    return TIME_WENT_BACK if memory is not None else ""


def _was_ever(token: str) -> bool:
    return Incarnation.objects.filter(token=token).exists()


def _begin(identity: Identity, why: str, *, is_first: bool, now: datetime) -> Incarnation:
    """Note a life that begins. Of the first nothing is left to be marked, so that it is settled at once."""
    begun = Incarnation.objects.create(
        **asdict(identity),
        is_first=is_first,
        why=why[:300],
        began_at=now,
        beat_at=now,
        settled_at=now if is_first else None,
    )
    (log.info if is_first else log.warning)("database_incarnation_begun", why=why, **asdict(identity))
    return begun


def _beat(known: Incarnation, *, now: datetime) -> None:
    """Count on, once for all hosts."""
    beaten = Incarnation.objects.filter(pk=known.pk, beat=known.beat).update(beat=known.beat + 1, beat_at=now)
    if beaten:
        known.beat, known.beat_at = known.beat + 1, now


def _serialize() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK_NUMBER])


def _may_ask(name: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT {_IDENTITY[name]}")
    except (ProgrammingError, NotSupportedError) as refusal:
        log.warning("database_identity_not_told", what=name, error=str(refusal).strip())
        return False
    return True


def _path() -> Path | None:
    """This host's file for this database."""
    if not settings.STATE_FOLDER:
        return None
    named = connection.settings_dict
    place = f"{named['HOST']}:{named['PORT']}/{named['NAME']}"
    return Path(settings.STATE_FOLDER) / f"database-{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"


def _recall() -> Memory | None:
    path = _path()
    if path is None:
        return None
    try:
        kept = json.loads(path.read_text())
        return Memory(token=str(UUID(kept["token"])), beat=int(kept["beat"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        log.warning("database_memory_not_readable", path=str(path), error=str(error))
        return None


def _remember(known: Incarnation) -> None:
    """Keep in this host's file what is committed in the database."""
    path, memory = _path(), Memory(token=str(known.token), beat=known.beat)
    kept = _recall()
    if path is None or (kept is not None and kept.token == memory.token and kept.beat >= memory.beat):
        return
    unfinished = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(asdict(memory)))
        unfinished.replace(path)
    except OSError as error:
        _warn_once(str(path), str(error))


@cache
def _warn_once(path: str, error: str) -> None:
    log.warning("database_memory_not_kept", path=path, error=error, advice="Set STATE_FOLDER to a folder that lasts.")

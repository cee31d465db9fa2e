"""Reads the entity types that the platform lists by their masters alone (`ldeps`), ten masters a call.

Shard 0 of a connection reads for all shards. It goes round all masters and keeps its place in the database, so that
nothing begins again from the start: quickly while something was never read or a gap waits for it, else once a day.
Beside that it reads every hour what a small organization has, and what moved in a large one; and some types of a few
masters alone, without rounds (chosen_masters.py).
"""

import time
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Source
from vendor_admin.sync import rolling
from vendor_admin.sync.comparison import places
from vendor_admin.sync.comparison import records as comparisons
from vendor_admin.sync.comparison.asking_masters import Asking
from vendor_admin.sync.comparison.chosen_masters import chosen_masters
from vendor_admin.sync.comparison.left_out import LeftOut
from vendor_admin.sync.comparison.places import Size
from vendor_admin.sync.comparison.type_comparison import HELD_SECONDS, Compared, TypeComparison
from vendor_admin.sync.comparison.unread import Unread
from vendor_admin.sync.database import Database
from vendor_admin.sync.models import Kind
from vendor_admin.sync.rolling import Place
from vendor_admin.sync.socket.socket import Socket
from vendor_admin.tradovate.operations import MOST_IDS_IN_A_CALL

CALLS_AT_ONCE = 10
OTHER_SHARDS_SECONDS = 5.0
REFUSED_SECONDS = 3600.0
SIZES_SECONDS = 300.0
NOTED_SECONDS = 3600.0
TOLD_SECONDS = 20.0


def is_read_by_masters(entity_type: str) -> bool:
    """Whether the platform lists a type by its masters alone."""
    model = mirror_models().get(entity_type)
    return model is not None and model.source in (Source.LDEPS, Source.CHOSEN)


class Dependents:
    """Reads such types for one socket, one at a time."""

    def __init__(self, *, socket: Socket, database: Database, comparison: TypeComparison) -> None:
        self._asking = Asking(socket=socket, database=database, comparison=comparison)
        self._socket, self._database, self._comparison = socket, database, comparison
        self._failed = Unread()
        self._moved: dict[str, tuple[datetime, list[int], LeftOut]] = {}
        self._left_out: dict[str, LeftOut] = {}
        self._sizes: dict[str, Size] = {}
        self._sized_at = self._told_at = -SIZES_SECONDS
        self._due_at = 0.0
        self._found_since_told = 0

    @property
    def refused(self) -> set[str]:
        """Types that the platform would not show."""
        return self._asking.refused

    async def begin(self) -> None:
        """A snapshot has settled."""
        self._failed.clear()
        self._moved.clear()
        self._left_out.clear()
        self._found_since_told = 0
        await self._database.call(places.ensure, lease=self._socket.held, types=self._types, chosen=self._chosen)

    async def mark(self, gap_id: int, types: Collection[str] = rolling.ORDER) -> None:
        """Have these types read once around from where the reading is, before a gap counts as repaired. Of those that
        have no rounds everything counts as moved.
        """
        rounds = [one for one in self._types if one in types]
        await self._database.call(places.mark, lease=self._socket.held, gap_id=gap_id, types=rounds)
        for entity_type in (one for one in self._chosen if one in types):
            self._moved.pop(entity_type, None)
            await self._database.call(
                places.note_moved, lease=self._socket.held, entity_type=entity_type, moved_at=places.AT_FIRST
            )

    async def is_short_of(self) -> bool:
        """Whether something is missing that takes so few calls that it is waited for."""
        return self._is_first and any(one.is_behind for one in await self._places()) and not await self._is_large()

    async def tell(self) -> dict[int, bool]:
        """Say of the connection's gaps how far their repair is. Returns their ids, with whether they are repaired."""
        found, self._found_since_told = self._found_since_told, 0
        self._told_at = time.monotonic()
        left_out = f" Refused: {', '.join(sorted(self.refused))}." if self.refused else ""
        found_places = await self._places()
        chosen = await self._database.call(places.read_places, lease=self._socket.held, types=self._chosen)
        unreadable = rolling.unreadable_in_words([*found_places, *chosen])
        left_out += "".join(f" {one}" for one in (*unreadable, *self._asking.held_in_words()))
        return await self._database.call(
            places.tell_gaps,
            lease=self._socket.held,
            types=[one for one in self._types if one not in self.refused],
            left_out=left_out,
            found=found,
            seconds_left=rolling.seconds_left(found_places),
        )

    async def compare(self, entity_type: str, kind: Kind) -> Compared:
        """Read a type out of its turn: for all accounts that are neither archived nor closed where those are few, else
        for those that moved. Nothing where all masters are about to be asked anyway. What has no rounds is read of its
        chosen masters, and of those that could not be read before.
        """
        self._comparison.begin()
        place = await self._place_to_visit(entity_type)
        if place is None:
            return Compared(is_read=True, differences=0)
        if entity_type not in self._moved:
            now = await self._database.call(comparisons.database_now)
            self._moved[entity_type] = now, await self._to_visit(place), self._asking.left_out()
        moved_at, masters, left_out = self._moved[entity_type]
        asked = await self._asking.ask_all(
            entity_type, masters, kind, left_out=left_out, unreadable=place.unreadable or {}
        )
        compared, vanished, problem = asked.last, 0, ""
        del masters[: asked.count]
        if compared.is_read and not compared.is_refused:
            vanished, problem = await self._asking.settle(entity_type, left_out)
        if compared.is_read:
            del self._moved[entity_type]
        if compared.is_read and not compared.is_refused:
            self._failed.note_read(entity_type)
            lease = self._socket.held
            await self._database.call(places.note_moved, lease=lease, entity_type=entity_type, moved_at=moved_at)
        await self._asking.note(entity_type, kind, compared.problem)
        if problem:
            return Compared(False, asked.differences + vanished, problem, HELD_SECONDS)
        return replace(compared, differences=asked.differences + vanished)

    async def go_on(self) -> tuple[float | None, bool]:
        """Read the next few calls of the round, if they are due. Returns for how many seconds nothing is due (None: for
        good), and whether there is news for the gaps.
        """
        now = time.monotonic()
        if not self._is_first:
            return None, False
        found = await self._places()
        place = rolling.next_place(found, without=self._waiting(found, now=now))
        if place is None or (self._due_at > now and not place.is_behind):
            return self._seconds_left(now, is_paced=place is not None), self._is_time_to_tell(now)
        await self._read_on(place)
        is_behind = any(one.is_behind for one in await self._places())
        is_done = any(one.is_behind for one in found) and not is_behind
        return 0.0, is_done or (is_behind and now - self._told_at > TOLD_SECONDS)

    async def _read_on(self, place: Place) -> None:
        """Ask for the next masters of a round. What was never read is a first load."""
        self._comparison.begin()
        entity_type, kind = place.entity_type, Kind.RESYNC if place.round else Kind.SNAPSHOT
        if place.asked == 0:
            self._sized_at = -SIZES_SECONDS
        sizes, most = await self._size_of_all(), CALLS_AT_ONCE * MOST_IDS_IN_A_CALL
        masters = await self._database.call(
            places.next_masters,
            lease=self._socket.held,
            entity_type=entity_type,
            start=place.next_master,
            most=most,
        )
        asked, problem = await self._ask_on(place, masters, kind)
        is_over = asked == len(masters) < most
        if asked or is_over:
            await self._database.call(
                places.advance,
                lease=self._socket.held,
                place=place,
                next_master=masters[asked - 1] + 1 if masters else 0,
                count=asked,
                masters=sizes[entity_type].masters,
                is_over=is_over,
                seconds_left=self._estimate(place, await self._places()),
            )
        if not problem:
            round_calls = rolling.calls_for(one.masters for one in sizes.values())
            pause = rolling.pause_seconds(calls=max(rolling.calls_for([asked]), 1), round_calls=round_calls)
            self._due_at = time.monotonic() + pause
        if is_over or place.is_behind:
            await self._settle(entity_type)
        if problem or is_over or self._asking.is_long_unnoted(entity_type, seconds=NOTED_SECONDS):
            await self._asking.note(entity_type, kind, problem)

    async def _settle(self, entity_type: str) -> None:
        """At the end of a round, or where nothing is missing any more: have that gone which was left out."""
        now = await self._database.call(places.read_places, lease=self._socket.held, types=[entity_type])
        if entity_type in self._left_out and not any(one.is_behind for one in now):
            vanished, _ = await self._asking.settle(entity_type, self._left_out[entity_type])
            self._found_since_told += vanished
            del self._left_out[entity_type]

    async def _ask_on(self, place: Place, masters: list[int], kind: Kind) -> tuple[int, str]:
        """Ask for masters of a round until a call fails: how many were asked, and what the problem was."""
        entity_type = place.entity_type
        asked = await self._asking.ask_all(
            entity_type,
            masters,
            kind,
            left_out=self._left_out.setdefault(entity_type, self._asking.left_out()),
            unreadable=place.unreadable or {},
            starts_at=place.next_master,
        )
        self._found_since_told += asked.differences
        last = asked.last
        if last.is_read and not last.is_refused:
            self._failed.note_read(entity_type)
            return asked.count, ""
        seconds = max(last.wait_seconds, REFUSED_SECONDS if last.is_refused else 0.0)
        self._failed.note_failure(entity_type, now=time.monotonic(), at_least_seconds=seconds)
        return asked.count, last.problem

    async def _place_to_visit(self, entity_type: str) -> Place | None:
        """The place of a type that is to be read out of its turn, if it is. What was refused is asked for again."""
        lease = self._socket.held
        place = next(iter(await self._database.call(places.read_places, lease=lease, types=[entity_type])), None)
        if not self._is_first or place is None or entity_type in self.refused:
            return place if self._is_first else None
        is_all_asked = place.is_behind and (place.round == 0 or not await self._is_large())
        return None if is_all_asked else place

    async def _to_visit(self, place: Place) -> list[int]:
        """Masters to be asked out of their turn, in the order of their ids. Those of rounds that could not be read are
        asked in the next round.
        """
        lease, entity_type = self._socket.held, place.entity_type
        unreadable = {int(one) for one in place.unreadable or ()}
        if entity_type in rolling.CHOSEN:
            chosen = await self._database.call(
                chosen_masters, lease=lease, entity_type=entity_type, since=place.moved_at
            )
            return sorted(unreadable.union(chosen))
        return [one for one in await self._active_or_moved(place) if one not in unreadable]

    async def _active_or_moved(self, place: Place) -> list[int]:
        lease, entity_type = self._socket.held, place.entity_type
        if rolling.calls_for(one.active for one in (await self._size_of_all()).values()) <= rolling.SMALL_CALLS:
            return await self._database.call(places.active_masters, lease=lease, entity_type=entity_type)
        return await self._database.call(
            places.moved_masters, lease=lease, entity_type=entity_type, since=place.moved_at
        )

    async def _is_large(self) -> bool:
        sizes = await self._size_of_all()
        return rolling.calls_for(one.masters for one in sizes.values()) > rolling.SMALL_CALLS

    async def _size_of_all(self) -> dict[str, Size]:
        if time.monotonic() - self._sized_at > SIZES_SECONDS:
            self._sizes = await self._database.call(places.sizes, lease=self._socket.held, types=self._types)
            self._sized_at = time.monotonic()
        return self._sizes

    async def _places(self) -> list[Place]:
        types = [one for one in self._types if one not in self.refused or one in self._failed.due(now=time.monotonic())]
        return await self._database.call(places.read_places, lease=self._socket.held, types=types)

    def _waiting(self, found: list[Place], *, now: float) -> set[str]:
        """Types that are not to be read yet; what belongs to others waits for those."""
        due, behind = self._failed.due(now=now), {one.entity_type for one in found if one.is_behind}
        waiting = {one for one in self._types if one in self._failed and one not in due}
        return waiting | {one for one in self._types if mirror_models()[one].master in waiting & behind}

    def _estimate(self, place: Place, found: list[Place]) -> float:
        """In how many seconds what is missing, or else this round, will have been read."""
        if any(one.is_behind for one in found):
            return rolling.seconds_left(found)
        sizes = rolling.calls_for(one.masters for one in self._sizes.values())
        return rolling.pause_seconds(calls=rolling.calls_for([place.masters_left]), round_calls=sizes)

    def _is_time_to_tell(self, now: float) -> bool:
        """Whether another shard may have a gap to be told of."""
        return self._socket.lease.shard_count > 1 and now - self._told_at > TOLD_SECONDS

    def _seconds_left(self, now: float, *, is_paced: bool) -> float | None:
        waits = [self._failed.seconds_left(now=now), max(self._due_at - now, 0.01) if is_paced else None]
        if self._socket.lease.shard_count > 1:
            waits.append(OTHER_SHARDS_SECONDS)
        return min((one for one in waits if one is not None), default=None)

    @property
    def _is_first(self) -> bool:
        return self._socket.lease.shard == 0

    @property
    def _types(self) -> list[str]:
        """Those that are read in rounds."""
        mirrored = self._socket.lease.entity_types
        return [one for one in rolling.ORDER if not mirrored or one in mirrored]

    @property
    def _chosen(self) -> list[str]:
        """Those that are read of chosen masters."""
        mirrored = self._socket.lease.entity_types
        return [one for one in rolling.CHOSEN if not mirrored or one in mirrored]

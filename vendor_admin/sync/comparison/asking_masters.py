"""Asks the platform for what it lists by masters alone: ten a call, fewer around a master that cannot be read."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.sync.comparison import places
from vendor_admin.sync.comparison import records as comparisons
from vendor_admin.sync.comparison.groups import Groups
from vendor_admin.sync.comparison.left_out import LeftOut
from vendor_admin.sync.comparison.type_comparison import MOST_ENDS, Compared, TypeComparison
from vendor_admin.sync.database import Database
from vendor_admin.sync.models import Kind
from vendor_admin.sync.rolling import WORDS
from vendor_admin.sync.socket.lookups import Fetched
from vendor_admin.sync.socket.socket import Socket
from vendor_admin.tradovate.operations import entity_operation
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Success

MOST_UNREADABLE = 100
"""So many masters of a type are noted as unreadable; more of them are no fault of single ones."""

AS_MANY = 0.9
"""What share of what was known has to be read again to replace what was found before."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How many masters were asked, in their order, and what the last call came to. `differences` are of all calls."""

    count: int
    last: Compared
    differences: int


@dataclass(slots=True)
class _Count:
    """What a reading has found so far, for its note."""

    started_at: datetime
    since: float = field(default_factory=time.monotonic)
    found: int = 0
    changed: int = 0
    vanished: int = 0
    problem: str = ""


class Asking:
    """Asks for one socket, one call at a time. `refused`: types that the platform would not show."""

    def __init__(self, *, socket: Socket, database: Database, comparison: TypeComparison) -> None:
        self.refused: set[str] = set()
        self._socket, self._database, self._comparison = socket, database, comparison
        self._groups = Groups()
        self._ends: Counter[tuple[str, int]] = Counter()
        self._counts: dict[str, _Count] = {}
        self._held: dict[str, LeftOut] = {}

    def left_out(self) -> LeftOut:
        """For a reading that begins."""
        return LeftOut(self._socket.held.epoch)

    async def ask_all(
        self,
        entity_type: str,
        masters: Sequence[int],
        kind: Kind,
        *,
        left_out: LeftOut,
        unreadable: Mapping[str, str],
        starts_at: int | None = None,
    ) -> Asked:
        """Ask for masters, in the order of their ids, until a call fails that says nothing of a single one.

        A group that fails again is halved, at last to one master; where the platform answers for another meanwhile,
        that one is noted as unreadable and left behind. `unreadable` are those known; each is asked by itself. What
        answers leave out of the mirror is noted in `left_out`. With `starts_at` the masters are all there are from that
        id on: one that is known as unreadable and not among them is no master any more.
        """
        count = differences = 0
        known, compared = dict(unreadable), Compared(is_read=True, differences=0)
        if starts_at is not None and masters:
            for one in [one for one in known if starts_at <= int(one) <= masters[-1] and int(one) not in masters]:
                del known[one]
        alone = {int(one) for one in known}
        while count < len(masters):
            group = self._groups.next(entity_type, masters[count:], alone=alone)
            compared, fetched = await self._ask(entity_type, group, kind, left_out)
            differences += compared.differences
            if compared.is_read and not compared.is_refused:
                self._groups.note_read(entity_type, group)
                known.pop(str(group[0]), None)
            elif not self._may_be_about_masters(fetched):
                break
            elif group[0] not in alone:
                if not self._groups.note_failure(entity_type, group):
                    break
                if len(group) > 1:
                    if self._comparison.stands:
                        continue
                    break
                if not await self._is_about(entity_type, group[0], fetched, others=masters, alone=alone):
                    break
                known.update({str(group[0]): compared.problem[:200]} if len(known) < MOST_UNREADABLE else {})
                compared = Compared(is_read=True, differences=0)
            else:
                compared = Compared(is_read=True, differences=0)
            count += len(group)
        if known != unreadable:
            lease = self._socket.held
            await self._database.call(places.note_unreadable, lease=lease, entity_type=entity_type, unreadable=known)
        return Asked(count, compared, differences)

    def is_long_unnoted(self, entity_type: str, *, seconds: float) -> bool:
        """Whether what was found is to be shown, since the reading takes longer than that."""
        count = self._counts.get(entity_type)
        return count is not None and time.monotonic() - count.since > seconds

    async def note(self, entity_type: str, kind: Kind, problem: str) -> None:
        """Show what was found since the last note, where anything was."""
        count = self._counts.pop(entity_type, None)
        if count is None or not (problem or count.problem or count.found or count.changed or count.vanished):
            return
        await self._database.call(
            comparisons.note_reconciliation,
            lease=self._socket.held,
            entity_type=entity_type,
            started_at=count.started_at,
            platform_count=count.found,
            is_first_load=kind is Kind.SNAPSHOT,
            changed=count.changed,
            vanished=count.vanished,
            absent=len(self._held.get(entity_type, ())),
            error=problem or count.problem,
        )

    async def settle(self, entity_type: str, left_out: LeftOut) -> tuple[int, str]:
        """Take what a reading found left out as gone, unless it is too much to be believed: that is held until a person
        confirms it, or about as many are read again. Returns how many have vanished, and why others have not.
        """
        held = self._held.get(entity_type)
        if held and (held.epoch != left_out.epoch or left_out.known >= held.known * AS_MANY):
            del self._held[entity_type]
            held = None
        count = self._counts.get(entity_type)
        if count is None or not (left_out or held):
            return 0, ""
        count.problem = ""
        for one in filter(None, (left_out, held)):
            if await self._is_believed(entity_type, one, count):
                await self._put_vanished(entity_type, one, count)
                if self._held.get(entity_type) is one:
                    del self._held[entity_type]
        return count.vanished, count.problem

    def held_in_words(self) -> list[str]:
        """A sentence for each type of which much is left out."""
        return [
            f"The platform leaves out {len(held):,} {WORDS[name][0]}, which a person has to confirm as gone."
            for name, held in self._held.items()
        ]

    async def _is_believed(self, entity_type: str, left_out: LeftOut, count: _Count) -> bool:
        fetched = Fetched(Success(None), is_whole=True, count=left_out.known - len(left_out))
        if await self._comparison.held(entity_type, fetched, absent=left_out.ids, known=left_out.known):
            self._held[entity_type] = max(left_out, self._held.get(entity_type, left_out), key=len)
        count.problem = count.problem or fetched.problem
        return fetched.is_whole

    async def _put_vanished(self, entity_type: str, left_out: LeftOut, count: _Count) -> None:
        self._socket.differences = 0
        for reserved, ids in left_out.by_time():
            await self._socket.put_vanished(entity_type, ids, reserved)
        await self._comparison.committed()
        vanished, self._socket.differences = self._socket.differences, 0
        count.vanished += vanished

    async def _ask(
        self, entity_type: str, masters: list[int], kind: Kind, left_out: LeftOut
    ) -> tuple[Compared, Fetched]:
        """One call; what differs is stored and counted."""
        self._socket.differences = 0
        if entity_type not in self._counts:
            self._counts[entity_type] = _Count(await self._database.call(comparisons.database_now))
        count = self._counts[entity_type]
        operation, model = entity_operation(entity_type, "ldeps"), mirror_models()[entity_type]
        known: list[int] = []
        if model.absence_means_vanished:
            of_masters = partial(comparisons.known_of, lease=self._socket.lease, masters=masters)
            known = await self._database.call(of_masters, model)
        reserved = self._socket.reserve(len(known))
        fetched = await self._comparison.fetch(operation, entity_type, kind, masterids=masters)
        await self._comparison.committed()
        changed, self._socket.differences = self._socket.differences, 0
        if fetched.is_whole and reserved.epoch == left_out.epoch:
            left_out.note(known, fetched.ids, reserved)
        count.found += len(fetched.ids)
        count.changed += changed
        is_read = not fetched.problem or fetched.is_final
        (self.refused.add if fetched.is_refused else self.refused.discard)(entity_type)
        wait_seconds = self._comparison.wait_after(fetched)
        return Compared(is_read, changed, fetched.problem, wait_seconds, fetched.is_refused), fetched

    def _may_be_about_masters(self, fetched: Fetched) -> bool:
        """Whether a failure may come of what was asked: the platform answered, or the socket ended over the call."""
        is_about_us = isinstance(fetched.outcome, Penalized | Locked | NotSent)
        return not is_about_us and (self._comparison.stands or fetched.has_ended_socket)

    async def _is_about(
        self, entity_type: str, master: int, fetched: Fetched, *, others: Sequence[int], alone: set[int]
    ) -> bool:
        """Whether it is this master that cannot be read: the platform answers for another, or, where there is none, to
        something else; or the socket ends over this one again and again.
        """
        if fetched.has_ended_socket:
            self._ends[entity_type, master] += MOST_ENDS if fetched.is_too_long else 1
            return self._ends[entity_type, master] >= MOST_ENDS
        other = next((one for one in others if one != master and one not in alone), None)
        if other is None:
            page = await self._database.call(
                places.next_masters, lease=self._socket.held, entity_type=entity_type, start=0, most=MOST_UNREADABLE
            )
            other = next((one for one in page if one != master and one not in alone), None)
        if other is None:
            is_answered = await self._comparison.is_answered()
        else:
            compared, _ = await self._ask(entity_type, [other], Kind.RESYNC, self.left_out())
            is_answered = compared.is_read and not compared.is_refused
        if not is_answered:
            return False
        compared, _ = await self._ask(entity_type, [master], Kind.RESYNC, self.left_out())  # it may have come back
        return not compared.is_read or compared.is_refused

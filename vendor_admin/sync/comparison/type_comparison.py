"""Compares one entity type of the mirrors with its list at the platform: over the socket, or REST where it is long.

Either way the socket queues what is found, so it is written in order and under the same fence by the same writer.
"""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.organizations.platform_access import budgets, platform_locks
from vendor_admin.sync.comparison import absences
from vendor_admin.sync.comparison import records as comparisons
from vendor_admin.sync.comparison.known_ids import KnownIds
from vendor_admin.sync.comparison.whole_lists import WholeLists
from vendor_admin.sync.database import Database
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.access import Access
from vendor_admin.sync.socket.lookups import Fetched, nothing_fetched
from vendor_admin.sync.socket.socket import Socket
from vendor_admin.sync.socket.token_proof import TokenProof
from vendor_admin.tradovate.events import Refused
from vendor_admin.tradovate.operations import ENTITIES, ME, Operation, entity_operation
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Success, Unauthorized
from vendor_admin.tradovate.rest.entities import ids_by_call

LONGEST_WAIT_SECONDS = 30.0
LONGEST_PENALTY_SECONDS = 300.0
HELD_SECONDS = 900.0
# A list of more entities, or in an organization of more accounts, is read over REST. As many ids are read at once.
MOST_OVER_SOCKET = 5_000
# How often a socket may end over the same list before it is asked for over REST.
MOST_ENDS = 2
_TICKET = "p-ticket"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison came to. `problem` is for people; a type that is not read is tried again, no sooner than
    `wait_seconds` from now. `is_refused`: nothing is left to be tried, and yet the mirror may be old.
    """

    is_read: bool
    differences: int
    problem: str = ""
    wait_seconds: float = 0.0
    is_refused: bool = False


class TypeComparison:
    """Compares types for one socket, one at a time."""

    def __init__(self, *, socket: Socket, access: Access, database: Database, inbox: Inbox) -> None:
        self._socket, self._access, self._database, self._inbox = socket, access, database, inbox
        self._lists = WholeLists(socket=socket, access=access)
        self._of_socket = TokenProof(access=access, ask=self._who_am_i, give_up=self._end_socket)
        self._of_rest = TokenProof(access=access, ask=self._lists.who_am_i, give_up=self._lists.give_up_token)
        self._ends: Counter[str] = Counter()
        self._epoch = 0

    async def compare(self, entity_type: str, kind: Kind) -> Compared:
        """Compare one type with its source; differences are stored, counted and shown.

        What the mirror held before the platform was asked, and is not in its answer, has vanished, unless the socket
        tells news of it meanwhile: those carry higher numbers than the ones reserved here.
        """
        self.begin()
        model = mirror_models().get(entity_type)
        started_at = await self._database.call(comparisons.database_now)
        self._socket.differences = 0
        known = KnownIds()
        if model is not None and model.absence_means_vanished:
            await self._read_known(known, model, before=started_at)
        reserved = self._socket.reserve(len(known))
        fetched = await self._load(entity_type, model, kind, known)
        await self.committed()
        held = 0
        is_absent = fetched.is_whole and known.absent_count > 0
        if is_absent:
            absent = await asyncio.to_thread(lambda: array("q", (one for _, one in known.absent())))
            held = await self.held(entity_type, fetched, absent=absent, known=len(known))
        changed, vanished = self._socket.differences, 0
        if is_absent and fetched.is_whole:
            await self._socket.put_vanished(entity_type, known.absent(), reserved)
            await self.committed()
            vanished = self._socket.differences - changed
        self._socket.differences = 0
        if fetched.problem or fetched.count or vanished:
            await self._database.call(
                comparisons.note_reconciliation,
                lease=self._socket.held,
                entity_type=entity_type,
                started_at=started_at,
                platform_count=fetched.count,
                is_first_load=kind is Kind.SNAPSHOT,
                changed=changed,
                vanished=vanished,
                absent=held,
                error=fetched.problem,
            )
        is_read = not fetched.problem or fetched.is_final
        wait_seconds = HELD_SECONDS if held else self.wait_after(fetched)
        return Compared(is_read, changed + vanished, fetched.problem, wait_seconds, fetched.is_refused)

    async def _read_known(self, known: KnownIds, model: type[Mirror], *, before: datetime) -> None:
        """Read what the mirror held before a time, some thousand ids at once."""
        last, page = 0, [0]
        while page:
            page = await self._database.call(
                comparisons.known_ids,
                model,
                lease=self._socket.lease,
                before=before,
                after=last,
                most=MOST_OVER_SOCKET,
            )
            known.extend(page)
            last = page[-1] if page else last

    async def held(self, entity_type: str, fetched: Fetched, *, absent: Sequence[int], known: int) -> int:
        """How many absent entities are held until a person confirms that they are gone. The look-up is not whole then.

        Neither is it whole where the platform still knows, by their ids, some that its list leaves out.
        """
        count = len(absent)
        if absences.is_believable(absent=count, known=known):
            return 0
        operation = entity_operation(entity_type, "items")
        for ids in ids_by_call(absences.sample(absent)):
            found = await self.fetch(operation, entity_type, Kind.RESYNC, ids=ids)
            if found.ids or not found.is_whole:
                fetched.is_whole = False
                why = "the platform still knows some of them" if found.ids else f"could not be checked: {found.problem}"
                fetched.problem = f"The list leaves out {count:,} of {known:,}: {why}. Nothing is taken as gone."
                return 0
        if await self._database.call(absences.confirmed, lease=self._socket.lease, entity_type=entity_type) >= count:
            return 0
        fetched.is_whole = False
        fetched.problem = (
            f"The platform lists {fetched.count:,} and leaves out {count:,} of {known:,}: a wrong host or key?"
            " Nothing is taken as gone until a person confirms it."
        )
        return count

    def begin(self) -> None:
        """Remember the socket over which is asked from now on: waits end with it."""
        self._epoch = self._socket.held.epoch

    async def committed(self) -> None:
        """Wait until all rows that the socket has queued so far are written."""
        await self._inbox.written(self._socket.lease.id)

    async def _load(self, entity_type: str, model: type[Mirror] | None, kind: Kind, known: KnownIds) -> Fetched:
        """Read one type's whole list, where the platform has one, by the way that suits its length, and tick off what
        it names; what differs is queued by the socket.
        """
        if "list" not in ENTITIES[entity_type].operations:
            return Fetched(Success(None), is_whole=False)
        operation = entity_operation(entity_type, "list")
        if await self._is_long(entity_type, model, known):
            return await self.fetch(operation, entity_type, kind, over_rest=known)
        fetched = await self.fetch(operation, entity_type, kind)
        known.note(fetched.ids)
        if not fetched.has_ended_socket:
            self._ends.pop(entity_type, None)
            return fetched
        self._ends[entity_type] += MOST_ENDS if fetched.is_too_long else 1
        if self._ends[entity_type] >= MOST_ENDS:
            fetched.problem += "; it is read over REST from now on"
        return fetched

    async def _is_long(self, entity_type: str, model: type[Mirror] | None, known: KnownIds) -> bool:
        """Whether a list is too long for the socket, or may be: most types grow with the accounts."""
        if self._ends[entity_type] >= MOST_ENDS or len(known) > MOST_OVER_SOCKET:
            return True
        for mirror in filter(None, (model, mirror_models()["account"])):
            over = partial(comparisons.has_over, lease=self._socket.lease)
            if await self._database.call(over, mirror, MOST_OVER_SOCKET):
                return True
        return False

    async def fetch(
        self,
        operation: Operation,
        entity_type: str,
        kind: Kind,
        *,
        over_rest: KnownIds | None = None,
        **parameters: object,
    ) -> Fetched:
        """One look-up over the socket, or of a whole list over REST, as soon as the user's calls allow it: for a first
        load all that readings may take of an hour, else the share of what is read in the background. The wait ends with
        the socket.

        A penalty ticket says that it was not carried out: it is asked once more, with the ticket, when its time is up.
        """
        lease = self._socket.lease
        subject = budgets.user_subject(user=self._socket.user_name, url=lease.rest_url)
        take = partial(budgets.take_reading, subject=subject, in_background=kind is not Kind.SNAPSHOT)
        while wait := await self._access.in_thread_with_now(take):
            if not await self._stands_for(min(wait, LONGEST_WAIT_SECONDS)):
                return nothing_fetched("the socket ended before this was asked")
        if over_rest is None:
            proof, fetch = self._of_socket, self._socket.fetch
        else:
            proof, fetch = self._of_rest, partial(self._lists.fetch, known=over_rest)
        fetched = await fetch(operation, entity_type=entity_type, kind=kind, **parameters)
        match fetched.outcome:
            case Unauthorized(is_about_token=True) if not await proof.is_good(
                rest_url=lease.rest_url, user_name=self._socket.user_name
            ):
                return nothing_fetched(f"the platform refused this user's token: {fetched.problem}")
            case Locked() as locked:
                address = budgets.address_subject(lease.rest_url)
                await self._access.in_thread_with_now(
                    platform_locks.close_after, outcome=locked, user=subject, address=address, path=operation.path
                )
            case Penalized(captcha=False, ticket=ticket, wait_seconds=seconds):
                if seconds <= LONGEST_PENALTY_SECONDS and _TICKET not in parameters and await self._stands_for(seconds):
                    again: dict[str, object] = {**parameters, _TICKET: ticket}
                    return await self.fetch(operation, entity_type, kind, over_rest=over_rest, **again)
        return fetched

    async def _who_am_i(self) -> Outcome:
        return (await self._socket.fetch(ME, entity_type="user", kind=Kind.RESYNC)).outcome

    async def _end_socket(self, text: str) -> None:
        await self._socket.end(Refused("session", 401, text))

    @property
    def stands(self) -> bool:
        """Whether the socket over which was asked since `begin` is still open."""
        return self._socket.has_settled.is_set() and self._socket.held.epoch == self._epoch

    async def is_answered(self) -> bool:
        """Whether the platform answers a harmless question."""
        return isinstance(await self._who_am_i(), Success)

    async def _stands_for(self, seconds: float) -> bool:
        """Wait so long, or until the socket ends; whether the one that the comparison began with is still open."""
        socket, ends_at = self._socket, time.monotonic() + seconds
        while stands := self.stands:
            socket.stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(ends_at - time.monotonic(), 0.0)):
                    await socket.stirred.wait()
            if time.monotonic() >= ends_at:
                break
        return stands

    def wait_after(self, fetched: Fetched) -> float:
        """How long the platform wants to be left alone with this question, in seconds."""
        match fetched.outcome:
            case Penalized(captcha=True, wait_seconds=seconds):
                return max(seconds, self._access.lock_seconds)
            case Penalized(wait_seconds=seconds):
                return seconds
        return 0.0

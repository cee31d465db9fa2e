"""Compares one entity type of the mirrors with the platform, by look-ups over the socket.

The socket queues what it finds as it arrives, so it is written in order and under the same fence by the same writer.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Mirror, Source
from vendor_admin.organizations import budgets
from vendor_admin.sync import absences, comparisons
from vendor_admin.sync.access import Access
from vendor_admin.sync.database import Database
from vendor_admin.sync.inbox import Inbox
from vendor_admin.sync.lookups import Fetched, nothing_fetched
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket import Socket
from vendor_admin.tradovate.entities import ids_by_call
from vendor_admin.tradovate.events import Refused
from vendor_admin.tradovate.operations import ENTITIES, ME, Operation, entity_operation
from vendor_admin.tradovate.outcomes import Locked, Penalized, Rejected, Success, Unauthorized, WrongHost

LONGEST_WAIT_SECONDS = 30.0
LONGEST_PENALTY_SECONDS = 300.0
HELD_SECONDS = 900.0
PROOF_STANDS_SECONDS = 60.0
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
        self._epoch = 0
        self._proved_until = self._may_end_at = 0.0

    async def compare(self, entity_type: str, kind: Kind) -> Compared:
        """Compare one type with its source; differences are stored, counted and shown.

        What the mirror held before the platform was asked, and is not in its answer, has vanished, unless the socket
        tells news of it meanwhile: those carry higher numbers than the ones reserved here.
        """
        self._epoch = self._socket.held.epoch
        model = mirror_models().get(entity_type)
        started_at = datetime.now(UTC)
        self._socket.differences = 0
        known: list[int] = []
        if model is not None and model.absence_means_vanished:
            known = await self._database.call(comparisons.known_ids, model, lease=self._socket.lease, before=started_at)
        reserved = self._socket.reserve(len(known))
        fetched = await self._load(entity_type, model, kind)
        await self.committed()
        held = 0
        absent = [(place, one) for place, one in enumerate(known) if one not in fetched.ids] if fetched.is_whole else []
        if absent:
            held = await self._held(entity_type, fetched, [one for _, one in absent], known=len(known))
        changed, vanished = self._socket.differences, 0
        if absent and fetched.is_whole:
            await self._socket.put_vanished(entity_type, absent, reserved)
            await self.committed()
            vanished = self._socket.differences - changed
        self._socket.differences = 0
        if fetched.problem or fetched.ids or vanished:
            await self._database.call(
                comparisons.note_reconciliation,
                lease=self._socket.held,
                entity_type=entity_type,
                started_at=started_at,
                platform_count=len(fetched.ids),
                is_first_load=kind is Kind.SNAPSHOT,
                changed=changed,
                vanished=vanished,
                absent=held,
                error=fetched.problem,
            )
        is_read = not fetched.problem or fetched.is_final
        wait_seconds = HELD_SECONDS if held else self._wait_after(fetched)
        return Compared(is_read, changed + vanished, fetched.problem, wait_seconds, fetched.is_refused)

    async def _held(self, entity_type: str, fetched: Fetched, absent: list[int], *, known: int) -> int:
        """How many absent entities are held until a person confirms that they are gone. The look-up is not whole then.

        Neither is it whole where the platform still knows, by their ids, some that its list leaves out.
        """
        if absences.is_believable(absent=len(absent), known=known):
            return 0
        operation, asked = entity_operation(entity_type, "items"), absences.sample(absent)
        for ids in ids_by_call(asked):
            found = await self._fetch(operation, entity_type, Kind.RESYNC, ids=ids)
            if found.ids or not found.is_whole:
                fetched.is_whole = False
                why = "the platform still knows some of them" if found.ids else f"could not be checked: {found.problem}"
                fetched.problem = f"The list leaves out {len(absent):,} of {known:,}: {why}. Nothing is taken as gone."
                return 0
        if await self._database.call(absences.confirmed, lease=self._socket.lease, entity_type=entity_type) >= len(
            absent
        ):
            return 0
        fetched.is_whole = False
        fetched.problem = (
            f"The platform lists {len(fetched.ids):,} and leaves out {len(absent):,} of {known:,}: a wrong host or key?"
            " Nothing is taken as gone until a person confirms it."
        )
        return len(absent)

    async def committed(self) -> None:
        """Wait until all rows that the socket has queued so far are written."""
        await self._inbox.written(self._socket.lease.id)

    async def _load(self, entity_type: str, model: type[Mirror] | None, kind: Kind) -> Fetched:
        """Fetch one type's content; what differs is queued by the socket. Stops at the first call that fails."""
        if model is not None and model.source is Source.LDEPS:
            master = mirror_models()[model.master]
            masters = await self._database.call(
                comparisons.known_ids, master, lease=self._socket.lease, before=datetime.now(UTC)
            )
            operation = entity_operation(entity_type, "ldeps")
            calls: list[dict[str, object]] = [{"masterids": group} for group in ids_by_call(masters)]
        elif "list" in ENTITIES[entity_type].operations:
            operation, calls = entity_operation(entity_type, "list"), [{}]
        else:
            return Fetched(Success(None), is_whole=False)
        ids: set[int] = set()
        for parameters in calls:
            fetched = await self._fetch(operation, entity_type, kind, **parameters)
            ids |= fetched.ids
            if not fetched.is_whole:
                fetched.ids = ids
                return fetched
        return Fetched(Success(None), is_whole=True, ids=ids)

    async def _fetch(self, operation: Operation, entity_type: str, kind: Kind, **parameters: object) -> Fetched:
        """One look-up over the socket, as soon as the share that comparisons have of the user's calls allows it. The
        wait ends with the socket.

        A penalty ticket says that it was not carried out: it is asked once more, with the ticket, when its time is up.
        """
        lease = self._socket.lease
        subject = budgets.user_subject(user=self._socket.user_name, url=lease.rest_url)
        take = partial(budgets.take, budget=budgets.READING_CALLS, subject=subject)
        while wait := await self._access.in_thread_with_now(take):
            if not await self._stands_for(min(wait, LONGEST_WAIT_SECONDS)):
                return nothing_fetched("the socket ended before this was asked")
        fetched = await self._socket.fetch(operation, entity_type=entity_type, kind=kind, **parameters)
        match fetched.outcome:
            case Unauthorized(is_about_token=True) if not await self._is_token_good():
                return nothing_fetched(f"the platform refused this user's token: {fetched.problem}")
            case Locked(status=status):
                reason = f"The platform locked this user ({status}) when {operation.path} was read."
                await self._access.in_thread_with_now(_lock_for_a_window, key=subject, reason=reason)
            case Penalized(captcha=False, ticket=ticket, wait_seconds=seconds):
                if seconds <= LONGEST_PENALTY_SECONDS and _TICKET not in parameters and await self._stands_for(seconds):
                    return await self._fetch(operation, entity_type, kind, **parameters, **{_TICKET: ticket})
        return fetched

    async def _is_token_good(self) -> bool:
        """Whether a 401 is about a right and not the token: one question that any token may ask tells, once a minute.

        A socket whose token is refused there as well ends, at most once an hour: a fresh one that is refused again
        lacks a right.
        """
        if time.monotonic() < self._proved_until:
            return True
        subject = budgets.address_subject(self._socket.lease.rest_url)
        drawn_at = await self._access.in_thread_with_now(_draw_proof, subject=subject)
        if drawn_at is None:
            return False
        proof = await self._socket.fetch(ME, entity_type="user", kind=Kind.RESYNC)
        match proof.outcome:
            case Success():
                self._proved_until = time.monotonic() + PROOF_STANDS_SECONDS
                await self._access.in_thread(
                    budgets.give_back, budget=budgets.WHO_AM_I, subject=subject, used_at=drawn_at
                )
                return True
            case Rejected() | WrongHost() | Unauthorized(status=403):
                self._proved_until = time.monotonic() + PROOF_STANDS_SECONDS
                return True
            case Unauthorized() if time.monotonic() < self._may_end_at:
                self._proved_until = self._may_end_at
                return True
            case Unauthorized(text=text):
                self._may_end_at = time.monotonic() + self._access.lock_seconds
                await self._socket.end(Refused("session", 401, text))
        return False

    async def _stands_for(self, seconds: float) -> bool:
        """Wait so long, or until the socket ends; whether the one that the comparison began with is still open."""
        socket, ends_at = self._socket, time.monotonic() + seconds
        while stands := socket.has_settled.is_set() and socket.held.epoch == self._epoch:
            socket.stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(ends_at - time.monotonic(), 0.0)):
                    await socket.stirred.wait()
            if time.monotonic() >= ends_at:
                break
        return stands

    def _wait_after(self, fetched: Fetched) -> float:
        """How long the platform wants to be left alone with this question, in seconds."""
        match fetched.outcome:
            case Penalized(captcha=True, wait_seconds=seconds):
                return max(seconds, self._access.lock_seconds)
            case Penalized(wait_seconds=seconds):
                return seconds
        return 0.0


def _draw_proof(*, subject: str, now: datetime) -> datetime | None:
    """When the question was drawn from its budget; None where it has to wait."""
    return None if budgets.take(budget=budgets.WHO_AM_I, subject=subject, now=now) else now


def _lock_for_a_window(*, key: str, reason: str, now: datetime) -> None:
    budgets.lock(key=key, until=now + budgets.one_window(), reason=reason)

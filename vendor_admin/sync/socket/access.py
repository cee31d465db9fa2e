"""What a socket needs from outside before and after its life: a token, a place in the budget, an epoch, and gaps noted.

The token and the budget are Django's side (vendor_admin.organizations) and run in worker threads; no ORM in the event
loop.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import psycopg
import structlog

from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections.host_search import Found
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets, host_fallback, host_holds, platform_hosts, tokens
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync import leases
from vendor_admin.sync.database import Database
from vendor_admin.sync.leases import Held
from vendor_admin.sync.log import gaps
from vendor_admin.sync.socket import maintenance
from vendor_admin.sync.socket.threads import Threads
from vendor_admin.tradovate.api_hosts import at_host, host_and_port
from vendor_admin.tradovate.events import Penalty, Refused
from vendor_admin.tradovate.outcomes import WrongHost
from vendor_admin.tradovate.rest.list_stream import ListStream
from vendor_admin.tradovate.socket.reconnect import ConnectionLost, Ending, Reconnect
from vendor_admin.tradovate.socket.short_lives import MANY

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Longer waits are shown, and the socket comes back after them.
SHORT_WAIT_SECONDS = 2.0
DATABASE_ERRORS = (psycopg.Error, OSError, TimeoutError)
# Locks of the platform's making: calls within them make them longer. The others are our own restraint.
PLATFORMS_LOCKS = frozenset({"locked", "captcha", "penalty"})
# Kinds of failed logins where the platform was not there, or gave no answer that can be used.
AWAY = frozenset({"unreachable", "tls", "unknown"})
_BY_ITSELF = "Nothing to do: it is tried again by itself."


@dataclass(frozen=True, slots=True)
class Admission:
    """What a socket opens with, and at which host (empty for the configured one). `is_fresh`: the token was made
    because the one before was refused.
    """

    token: str = field(repr=False)
    user_name: str
    platform_host: str
    is_fresh: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class RestSession:
    """Where and with what an organization's calls over REST go."""

    base_url: str
    token: str = field(repr=False)


class Access:
    """The doors of one hub. `lock_seconds` is the length of the platform's hour (scaled in tests)."""

    def __init__(self, *, name: str, database: Database, lock_seconds: float) -> None:
        self.lock_seconds = lock_seconds
        self._name, self._database = name, database
        self._threads = Threads()
        self._wants_fresh: set[int] = set()

    async def in_thread(self, function: Callable[..., T], **arguments: Any) -> T:
        """Run a function of Django's side in a thread. It asks the database alone, and waits for nobody."""
        return await self._threads.run(function, **arguments)

    async def in_thread_with_now(self, function: Callable[..., T], **arguments: Any) -> T:
        """The same for a function that takes `now`, which is the database's time: budgets and locks are shared."""
        return await self.in_thread(_with_now, call=partial(function, **arguments))

    async def open_socket(self, lease: Held, *, is_taken_over: bool, reason: str) -> Admission | Reconnect:
        """What a new socket needs, or why it may not open now.

        `is_taken_over` when it is the first of a claim; `reason` is why nobody has listened, if it was live before.
        """
        try:
            access, platform_host = await self._sign_in(lease)
            refusal = await self.in_thread_with_now(_draw, rest_url=lease.rest_url, user_name=access.name)
        except tokens.TokenUnavailable as missing:
            return _without_token(missing)
        except Exception as error:
            log.exception("sync.no_access", lease=lease.id)
            return Reconnect(random.uniform(1, 5), f"The service's own database did not answer: {error}", "")
        if isinstance(refusal, Reconnect):
            return refusal
        try:
            await self._database.call(
                gaps.open_gap,
                lease=lease,
                started_at=None,
                reason=reason,
                is_taken_over=is_taken_over,
                grows=is_taken_over and lease.short_lives >= MANY,
            )
            epoch = await self._database.call(leases.next_epoch, name=self._name, lease=lease)
        except DATABASE_ERRORS as error:
            return Reconnect(random.uniform(0.2, 1), f"The service's own database did not answer: {error}", "")
        if epoch is None:
            return Reconnect(1.0, "Another worker took this socket over.", "")
        is_fresh = lease.id in self._wants_fresh
        self._wants_fresh.discard(lease.id)
        return Admission(access.token, access.name, platform_host, is_fresh, epoch)

    async def rest_session(self, lease: Held) -> RestSession | str:
        """The host in use with a token, for calls over REST; or why there are none now."""
        ids = {"connection_id": lease.connection_id, "organization_id": lease.organization_id}
        try:
            if await self.in_thread_with_now(_is_held, **ids):
                return "the host does not serve this organization"
            access, platform_host = await self._sign_in(lease)
        except tokens.TokenUnavailable as missing:
            return missing.reason
        return RestSession(at_host(lease.rest_url, platform_host), access.token)

    async def reject_token(self, lease: Held, token: str) -> None:
        """Have the next that needs a token of this lease log in."""
        ids = {"connection_id": lease.connection_id, "organization_id": lease.organization_id}
        await self._quietly(tokens.reject_token, **ids, token=token)

    async def in_list_thread(self, function: Callable[[], T]) -> T:
        """Run a step of the reading of a long list."""
        return await self._threads.run_list(function)

    def close_list(self, stream: ListStream) -> None:
        """Close a list's connection once nothing is read from it any more."""
        self._threads.end_list(stream.close)

    async def _sign_in(self, lease: Held) -> tuple[tokens.AccessToken, str]:
        """A token, and the host in use. Short waits, as for another's login, are waited for here, without a thread;
        longer ones are told. Raises TokenUnavailable.
        """
        ids: dict[str, Any] = {"connection_id": lease.connection_id, "organization_id": lease.organization_id}
        if known := await self.in_thread_with_now(_known_token, **ids):
            return known
        give_up_at = time.monotonic() + tokens.PATIENCE_SECONDS
        while True:
            try:
                return await self._threads.run_for(lease.organization_id, _with_now, call=partial(_new_token, **ids))
            except tokens.TokenUnavailable as missing:
                wait = missing.retry_after_seconds
                is_short = wait is not None and wait <= SHORT_WAIT_SECONDS and missing.kind in tokens.WORTH_WAITING
                if not is_short or time.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(max(wait or 0.0, tokens.POLL_SECONDS) * random.uniform(1.0, 1.5))

    async def seek_host(self, lease: Held, ending: Refused, decision: Reconnect) -> Reconnect:
        """Go on at the organization's own host where it is known or can be learned; else wait, and say why."""
        try:
            find = partial(
                host_search.find_host,
                connection_id=lease.connection_id,
                organization_id=lease.organization_id,
                asked=lease.websocket_url_in_use,
                answer=WrongHost(ending.status, ending.points_to),
            )
            search = await self._threads.run_for(lease.organization_id, _with_now, call=find)
        except Exception:
            log.exception("sync.host_not_sought", lease=lease.id)
            return decision
        if search.found is Found.CONFIRMED:
            return decision
        delay = search.retry_after_seconds + random.uniform(0, 1)
        return Reconnect(delay, search.reason, search.advice, seeks_host=search.found is not Found.MOVED)

    async def is_held(self, lease: Held) -> bool:
        """Whether nothing may go to the lease's host yet, since it does not serve the organization."""
        ids = {"connection_id": lease.connection_id, "organization_id": lease.organization_id}
        try:
            return await self.in_thread_with_now(_is_held, **ids)
        except Exception:
            log.exception("sync.hold_not_read", lease=lease.id)
            return True

    async def seconds_until_try(self, lease: Held, *, pause_seconds: float) -> float:
        """How long until a socket that waits with others, of which one tries at a time, may try."""
        try:
            return await self._database.call(maintenance.seconds_until_try, lease=lease, pause_seconds=pause_seconds)
        except DATABASE_ERRORS as error:
            log.warning("sync.others_not_seen", lease=lease.id, error=str(error))
            return pause_seconds

    async def fall_back(self, lease: Held, ending: ConnectionLost, decision: Reconnect) -> Reconnect:
        """Go on at the last good host where a newly named one could not be reached; else as decided."""
        host = host_and_port(lease.websocket_url_in_use)
        ids = {"connection_id": lease.connection_id, "organization_id": lease.organization_id}
        try:
            other = await self.in_thread_with_now(host_fallback.fall_back, **ids, host=host, why=ending.reason)
        except Exception:
            log.exception("sync.not_fallen_back", lease=lease.id)
            return decision
        if not other:
            return decision
        return Reconnect(random.uniform(0, 1), host_fallback.WORDS.format(host, ending.reason, other), _BY_ITSELF)

    async def host_works(self, lease: Held) -> None:
        """Note that a socket is live at the lease's host."""
        ids = {"connection_id": lease.connection_id, "organization_id": lease.organization_id}
        try:
            await self.in_thread(platform_hosts.note_works, **ids, host=host_and_port(lease.websocket_url_in_use))
        except Exception:
            log.exception("sync.host_not_noted", lease=lease.id)

    async def end_gap(self, lease: Held, *, at: datetime) -> int | None:
        """Note that events arrive again. Returns the id of the gap that ended, if there was one."""
        ended: int | None = await self._patiently(gaps.end_gap, lease=lease, at=at)
        return ended

    async def note_gap(self, lease: Held, *, started_at: datetime | None, reason: str, grows: bool = False) -> None:
        """Note that a live socket ended. Where the database does not answer, the next opening notes it from the
        ledger. `grows`: it is the last gap that goes on.
        """
        try:
            await self._database.call(gaps.open_gap, lease=lease, started_at=started_at, reason=reason, grows=grows)
        except DATABASE_ERRORS as error:
            log.warning("sync.gap_not_noted_yet", lease=lease.id, error=str(error))

    async def after(self, lease: Held, ending: Ending, decision: Reconnect, *, token: str) -> None:
        """Pass on what an ending means for others that use the same credential."""
        if decision.needs_fresh_token:
            self._wants_fresh.add(lease.id)
            await self.reject_token(lease, token)
        if decision.locked_seconds:
            kind = ("captcha" if ending.captcha else "penalty") if isinstance(ending, Penalty) else "locked"
            await self._quietly(
                _lock_for,
                seconds=decision.locked_seconds,
                key=sync_key(lease.rest_url),
                reason=decision.reason,
                kind=kind,
            )

    async def close(self) -> None:
        """End the threads."""
        await self._threads.close()

    async def _quietly(self, function: Callable[..., object], **arguments: Any) -> None:
        try:
            await self.in_thread_with_now(function, **arguments)
        except Exception:
            log.exception("sync.not_passed_on", function=function.__name__)

    async def _patiently(self, function: Callable[..., Any], **arguments: Any) -> Any:
        while True:
            try:
                return await self._database.call(function, **arguments)
            except DATABASE_ERRORS as error:
                log.warning("sync.database_unreachable", error=str(error))
                await asyncio.sleep(0.5)


def sync_key(rest_url: str) -> str:
    """The key of an address's sync requests, under which they are counted and locked."""
    return budgets.key_of(budget=budgets.SOCKET_SYNC, subject=budgets.address_subject(rest_url))


def _with_now(*, call: Callable[..., T]) -> T:
    return call(now=database_clock.now())


def _lock_for(*, seconds: float, now: datetime, **lock: str) -> None:
    budgets.lock(until=now + timedelta(seconds=seconds), **lock)


def _known_token(*, now: datetime, **ids: int) -> tuple[tokens.AccessToken, str] | None:
    """The stored token and the host in use; None where the platform has to be asked."""
    token, is_due = tokens.stored_token(**ids, now=now)
    return None if token is None or is_due else (token, platform_hosts.platform_host_of(**ids))


def _new_token(*, now: datetime, **ids: int) -> tuple[tokens.AccessToken, str]:
    """A token, and the host in use, which the answer with the token may just have named. Waits for no other login."""
    token = tokens.access_token(**ids, now=now, patience_seconds=0.0)
    return token, platform_hosts.platform_host_of(**ids)


def _is_held(*, connection_id: int, organization_id: int, now: datetime) -> bool:
    with organization_scope(organization_id):
        connection = Connection.objects.defer("credentials").filter(id=connection_id).first()
    return connection is not None and host_holds.hold_on(connection, now=now) is not None


def _without_token(missing: tokens.TokenUnavailable) -> Reconnect:
    wait = missing.retry_after_seconds
    locked = (wait or 0.0) if missing.kind in PLATFORMS_LOCKS else 0.0
    is_away = missing.kind in AWAY
    return Reconnect(
        wait or 0.0, missing.reason, missing.advice, stops=wait is None, locked_seconds=locked, is_away=is_away
    )


def _draw(*, rest_url: str, user_name: str, now: datetime) -> Reconnect | None:
    """Draw a sync request from the budget, or say how long and why to wait. A locked user may not even sign in."""
    user = budgets.user_subject(user=user_name, url=rest_url)
    subject = budgets.address_subject(rest_url)
    found = budgets.lock_in_force(keys=(user,), now=now)
    if found is None:
        wait = budgets.take(budget=budgets.SOCKET_SYNC, subject=subject, now=now)
        if not wait:
            return None
        found = budgets.lock_in_force(keys=(sync_key(rest_url), subject), now=now)
        if found is None:
            reason = "The hour's budget of sync requests for this address is used up."
            return Reconnect(wait + random.uniform(0, 1), reason, _BY_ITSELF)
    wait = (found.until - now).total_seconds()
    locked = wait if found.kind in PLATFORMS_LOCKS else 0.0
    return Reconnect(wait + random.uniform(0, 1), found.reason, _BY_ITSELF, locked_seconds=locked)

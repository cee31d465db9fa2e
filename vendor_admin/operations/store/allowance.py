"""How many operations may be sent right now: budgets and locks of the platform, and its maintenance windows."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vendor_admin.operations.kinds import share_of, urgent_paths
from vendor_admin.operations.precedence import Priority, kept_for_urgent
from vendor_admin.organizations.models import RateLock
from vendor_admin.organizations.platform_access import budgets, platform_locks
from vendor_admin.organizations.platform_access.budgets import USER_CALLS, Budget, PlatformLock
from vendor_admin.tradovate.catalogue.operation import Operation as CatalogueOperation
from vendor_admin.tradovate.outcomes import Locked, Penalized
from vendor_admin.tradovate.trading_calendar import CENTRAL, MAINTENANCE_MARGIN, maintenance_window

NO_LIMIT = 1_000_000
MOST_PROOFS = 10
"""How many proofs that the platform shows what it has are read for one call: they stand for all of a batch."""
UNKNOWN_READS = Budget(name="readings of unknown outcomes", limit=1_500 + MOST_PROOFS)
"""Of a user's 5,000 calls. One reading of the largest call of the catalogue (500 members, three look-ups each) fits."""
ROW_READS = Budget(name="readings of rows", limit=1_000)
"""Of a user's 5,000 calls, to read the rows of plans before they start: those of the five largest that are read."""
DRAWN_AHEAD = 50
SHARE_DRAWN_AHEAD = 20
# Of the margin that a budget's window has: the rest is for the call's way to the platform.
SHARE_BEFORE_SENDING = 0.75
SHORTEST_GOOD_SECONDS = 2.0
USED_UP = "The hour's budget of calls is used up."
USED_UP_BUT_FOR_URGENT = "The hour's budget of calls is used up, but for the part that is kept for urgent changes."


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose budgets a lane draws on: the platform user of its connection, and the address calls leave from."""

    rest_url: str
    user_name: str

    @property
    def user(self) -> str:
        return budgets.user_subject(user=self.user_name, url=self.rest_url)

    @property
    def address(self) -> str:
        return budgets.address_subject(self.rest_url)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What may be sent: `count` calls, drawn at `at`; where it is fewer than wanted, the rest until when and why.

    `is_locked` where a lock of the platform is in the way, and not a budget that is used up.
    """

    count: int
    at: datetime
    until: datetime | None = None
    reason: str = ""
    is_locked: bool = False


def endpoint_budget(operation: CatalogueOperation) -> Budget:
    """The budget of one endpoint and address. Where the platform publishes none, it only serves for locks."""
    return Budget(
        name=operation.path,
        limit=operation.hourly_limit or NO_LIMIT,
        counts_successes=operation.counts_successes or operation.hourly_limit is None,
    )


def drawn_ahead(operation: CatalogueOperation) -> int:
    """How many calls may be drawn at once. Few where the hour has few: what a worker drew and did not use is lost with
    it if it dies, until the hour is over."""
    return min(DRAWN_AHEAD, max(1, endpoint_budget(operation).limit // SHARE_DRAWN_AHEAD))


def good_seconds() -> float:
    """For how long after a draw its calls may go out. Sent later, they would fall into a window that others have drawn
    on since, and the platform would see more of them than it allows."""
    margin = budgets.one_window().total_seconds() * (budgets.WINDOW_MARGIN - 1)
    return max(SHORTEST_GOOD_SECONDS, margin * SHARE_BEFORE_SENDING)


def kept_of(budget: Budget) -> int:
    """How many calls of an hour's budget are kept for urgent operations: none where they never draw on it, nor of
    READING_CALLS, which leave more than that.
    """
    is_drawn_on = budget == USER_CALLS or budget.name in urgent_paths()
    return kept_for_urgent(budget.limit) if is_drawn_on and budget.limit < NO_LIMIT else 0


def left_to(priority: Priority, budget: Budget) -> Budget:
    """The budget as operations of a priority see it: without what is kept for those that go before them."""
    return budget if priority is Priority.URGENT else replace(budget, limit=budget.limit - kept_of(budget))


def draw(
    caller: Caller,
    operation: CatalogueOperation,
    *,
    wanted: int,
    now: datetime,
    priority: Priority,
    of_user: Budget = USER_CALLS,
) -> Drawn:
    """Draw calls of one operation from the endpoint's budget and the user's; READING_CALLS leaves some for people, and
    what is not urgent leaves some to what is.
    """
    count, wait = wanted, 0.0
    endpoint, priority = endpoint_budget(operation), share_of(operation.path, priority)
    budget, user_budget = left_to(priority, endpoint), left_to(priority, of_user)
    subject = caller.address
    if operation.hourly_limit is None:
        locked = budgets.lock_in_force(keys=(budgets.key_of(budget=budget, subject=subject), subject), now=now)
        if locked:
            return Drawn(0, now, locked.until, locked.reason, is_locked=True)
    else:
        count, wait = budgets.take_many(budget=budget, subject=subject, wanted=wanted, now=now)
    if not count:
        return _none(caller, operation, wait=wait, now=now, why=_used_up(endpoint, priority))
    granted, user_wait = budgets.take_many(budget=user_budget, subject=caller.user, wanted=count, now=now)
    if granted < count and operation.hourly_limit is not None:
        budgets.give_back(budget=budget, subject=subject, used_at=now, count=count - granted)
    if not granted:
        return _none(caller, operation, wait=user_wait, now=now, why=_used_up(of_user, priority))
    short = granted < wanted
    until = now + timedelta(seconds=max(wait, user_wait)) if short else None
    return Drawn(granted, now, until, _used_up(of_user if granted < count else endpoint, priority) if short else "")


def draw_readings(caller: Caller, *, count: int, now: datetime, share: Budget | None = None) -> Drawn:
    """Take all the calls of one reading out of the share that such readings have, or none of them.

    A part of them would tell nothing, and be gone. What they may take of the hour is drawn by `draw` for each call. The
    share is that of unknown outcomes unless another is named.
    """
    share = share or UNKNOWN_READS
    drawn, wait = budgets.take_many(
        budget=share, subject=caller.user, wanted=min(count, share.limit), now=now, all_or_none=True
    )
    if wait:
        locked = budgets.lock_in_force(keys=(caller.user,), now=now)
        reason = locked.reason if locked else "The hour's share of calls for reading is used up."
        return Drawn(0, now, now + timedelta(seconds=wait), reason, is_locked=locked is not None)
    return Drawn(drawn, now)


def give_back_readings(caller: Caller, *, count: int, drawn_at: datetime, share: Budget) -> None:
    """Return to their share calls of a reading that were not made."""
    budgets.give_back(budget=share, subject=caller.user, used_at=drawn_at, count=count)


def give_back(caller: Caller, operation: CatalogueOperation, *, count: int, drawn_at: datetime) -> None:
    """Return calls that were drawn together and not made."""
    if operation.hourly_limit is not None:
        budget = endpoint_budget(operation)
        budgets.give_back(budget=budget, subject=caller.address, used_at=drawn_at, count=count)
    budgets.give_back(budget=USER_CALLS, subject=caller.user, used_at=drawn_at, count=count)


def give_back_success(caller: Caller, operation: CatalogueOperation, *, drawn_at: datetime) -> None:
    """Return the draw of a call that succeeded, where the platform counts the endpoint's failures alone."""
    if operation.hourly_limit is not None and not operation.counts_successes:
        budgets.give_back(budget=endpoint_budget(operation), subject=caller.address, used_at=drawn_at)


def close_after(
    caller: Caller, operation: CatalogueOperation, outcome: Penalized | Locked, *, now: datetime
) -> datetime:
    """Close what the platform closed, for every process and over restarts. Returns until when."""
    return platform_locks.close_after(outcome, user=caller.user, address=caller.address, path=operation.path, now=now)


def lock_on(caller: Caller, operation: CatalogueOperation, *, now: datetime) -> PlatformLock | None:
    """The lock in force on this endpoint or this user, whoever brought it about."""
    return budgets.lock_in_force(keys=_lock_keys(caller, operation), now=now)


def is_on_probation(caller: Caller, operation: CatalogueOperation) -> bool:
    """Whether the platform closed this endpoint or this user and no call has gone through since."""
    return RateLock.objects.filter(key__in=_lock_keys(caller, operation)).exists()


def end_probation(caller: Caller, operation: CatalogueOperation, *, now: datetime) -> None:
    """A call went through: what was closed until before now is forgotten."""
    RateLock.objects.filter(key__in=_lock_keys(caller, operation), until__lte=now).delete()


def held_until(now: datetime) -> tuple[datetime, str] | None:
    """Until when creations and sensitive writes wait for the platform's maintenance, and that in words."""
    window = maintenance_window(now, margin=MAINTENANCE_MARGIN)
    if window is None:
        return None
    until = window[1] + MAINTENANCE_MARGIN
    local = until.astimezone(CENTRAL)
    return until, f"The platform is in maintenance; it goes on at {local:%H:%M} CT on {local:%Y-%m-%d}."


def _used_up(budget: Budget, priority: Priority) -> str:
    return USED_UP if priority is Priority.URGENT or not kept_of(budget) else USED_UP_BUT_FOR_URGENT


def _none(caller: Caller, operation: CatalogueOperation, *, wait: float, now: datetime, why: str) -> Drawn:
    locked = budgets.lock_in_force(keys=_lock_keys(caller, operation), now=now)
    reason = locked.reason if locked else why
    return Drawn(0, now, now + timedelta(seconds=wait), reason, is_locked=locked is not None)


def _lock_keys(caller: Caller, operation: CatalogueOperation) -> tuple[str, ...]:
    return (
        caller.user,
        caller.address,
        budgets.key_of(budget=endpoint_budget(operation), subject=caller.address),
        budgets.key_of(budget=USER_CALLS, subject=caller.user),
    )

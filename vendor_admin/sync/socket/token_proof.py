"""Tells a dead token from a missing right, which both answer 401."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from vendor_admin.organizations.platform_access import budgets, platform_locks
from vendor_admin.sync.socket.access import Access
from vendor_admin.tradovate.operations import ME
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Rejected, Success, Unauthorized, WrongHost

PROOF_STANDS_SECONDS = 60.0


class TokenProof:
    """One question that any token may ask (`ask` sends it, auth/me) tells, once a minute.

    A token that is refused there as well is given up (`give_up`, with the platform's words), at most once an hour: a
    fresh one that is refused again lacks a right.
    """

    def __init__(
        self,
        *,
        access: Access,
        ask: Callable[[], Awaitable[Outcome]],
        give_up: Callable[[str], Awaitable[None]],
    ) -> None:
        self._access, self._ask, self._give_up = access, ask, give_up
        self._proved_until = self._may_end_at = 0.0

    async def is_good(self, *, rest_url: str, user_name: str) -> bool:
        """Whether a 401 is about a right and not the token. False as well while the question has to wait for its
        budget. `rest_url` is the configured address, whose budget it is.

        What the platform closes in answer is closed for everybody.
        """
        if time.monotonic() < self._proved_until:
            return True
        subject = budgets.address_subject(rest_url)
        drawn_at = await self._access.in_thread_with_now(_draw, subject=subject)
        if drawn_at is None:
            return False
        match await self._ask():
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
            case Locked() | Penalized() as forbidding:
                user = budgets.user_subject(user=user_name, url=rest_url)
                await self._access.in_thread_with_now(
                    platform_locks.close_after, outcome=forbidding, user=user, address=subject, path=ME.path
                )
            case Unauthorized(text=text):
                self._may_end_at = time.monotonic() + self._access.lock_seconds
                await self._give_up(text)
        return False


def _draw(*, subject: str, now: datetime) -> datetime | None:
    """When the question was drawn from its budget; None where it has to wait."""
    return None if budgets.take(budget=budgets.WHO_AM_I, subject=subject, now=now) else now

"""The calls that a run of a lane has drawn from the budgets and not made yet."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from vendor_admin.operations.engine import schedule
from vendor_admin.operations.engine.platform_calls.calls import Called, Permit
from vendor_admin.operations.engine.schedule import Draw, Hold
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.operations import WRITES

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Held:
    """Calls that were drawn together."""

    asked: Draw
    caller: Caller
    left: int
    permit: Permit


class Permits:
    """What may be sent, by name and priority."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, Priority], _Held] = {}

    def draw(self, asked: Draw, caller: Caller) -> Hold | None:
        """Draw calls as far as the budgets go. Where none can be drawn, returns until when and why."""
        now, good_until = database_clock.now(), time.monotonic() + allowance.good_seconds()
        operation = WRITES[asked.name].operation
        drawn = allowance.draw(caller, operation, wanted=asked.count, now=now, priority=asked.priority)
        if drawn.count:
            permit = Permit(drawn.at, good_until)
            self._held[asked.name, asked.priority] = _Held(asked, caller, drawn.count, permit)
        return Hold(drawn.until, drawn.reason) if not drawn.count and drawn.until is not None else None

    def use(self, name: str, priority: Priority) -> Permit:
        """Take one of the calls that were drawn."""
        held = self._held[name, priority]
        held.left -= 1
        return held.permit

    def is_trial(self, name: str) -> bool:
        """Whether what was drawn of a name is one call alone, after a penalty or a lock."""
        return any(held.asked.is_trial for (of_name, _), held in self._held.items() if of_name == name)

    def forget(self, name: str) -> None:
        """Have a name looked at anew, of which every call that was drawn is made."""
        for priority in Priority:
            self._held.pop((name, priority), None)

    def give_back(self, name: str, priority: Priority) -> None:
        """Return to the budgets what was drawn of a name for a priority."""
        held = self._held.pop((name, priority), None)
        if held is not None and held.left > 0:
            operation = WRITES[name].operation
            allowance.give_back(held.caller, operation, count=held.left, drawn_at=held.permit.drawn_at)

    def give_back_all(self, name: str | None = None) -> None:
        """Return everything, or everything of a name."""
        for of_name, priority in list(self._held):
            if name in (None, of_name):
                self.give_back(of_name, priority)

    def give_back_unsent(self, called: Sequence[Called]) -> None:
        """Return what was drawn for calls that were not made.

        Nothing is raised: what was called is stored by then, and stored twice it would put back into the queue what is
        being sent again. What cannot be returned is lost until the hour is over.
        """
        try:
            for one in called:
                if one.outcome is None:
                    allowance.give_back(one.session.caller, one.write.operation, count=1, drawn_at=one.permit.drawn_at)
        except Exception:
            log.exception("operations.draws_not_given_back", calls=len(called))

    @property
    def names(self) -> set[str]:
        """The names of which calls are left."""
        return {name for (name, _), held in self._held.items() if held.left > 0}

    @property
    def ticket_holders(self) -> set[int]:
        """The operations that alone may use what was drawn of their names."""
        return {held.asked.only for held in self._held.values() if held.asked.only is not None}

    def as_drawn(self) -> list[schedule.Drawn]:
        """What is left, as the schedule takes it."""
        good_for = timedelta(seconds=allowance.good_seconds())
        return [
            schedule.Drawn(
                name,
                priority,
                held.left,
                held.permit.drawn_at + good_for,
                is_trial=held.asked.is_trial,
                only=held.asked.only,
            )
            for (name, priority), held in self._held.items()
        ]

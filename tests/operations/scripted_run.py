"""A run of a lane whose calls the test answers: nothing reaches a platform."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from vendor_admin.operations.engine.platform_calls.calls import Called, Session
from vendor_admin.operations.models import Operation


class ScriptedCallers:
    """Keeps what is handed out; each batch of `answers` is collected as it is."""

    def __init__(self, *answers: Sequence[Called]) -> None:
        self.answers = list(answers)
        self.handed_out: list[int] = []
        self.operation_ids: set[int] = set()
        self.plan_ids: set[int] = set()

    @property
    def in_flight(self) -> int:
        return len(self.answers)

    def is_busy_with(self, name: str) -> bool:
        return False

    def call(self, row: Operation, *_: Any, **__: Any) -> None:
        self.handed_out.append(row.pk)

    def collect(self, *, seconds: float) -> Sequence[Called]:
        return self.answers.pop(0) if self.answers else []

    def close(self) -> None:
        pass


class OneSession:
    """The platform is always reached as one session. `judging` is called whenever judged answers are asked for."""

    has_to_judge = False

    def __init__(self, session: Session, *, judging: Callable[[], None] = lambda: None) -> None:
        self._session, self._judging = session, judging

    def open(self, *, now: datetime) -> Session:
        return self._session

    def note_works(self, session: Session) -> None:
        pass

    def collect_judged(self) -> list[Called]:
        self._judging()
        return []

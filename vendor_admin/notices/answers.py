"""What an attempt to deliver came to, and when the next one is. Pure."""

from dataclasses import dataclass
from datetime import timedelta

BACK_OFF = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it arrived, and that in words for people.

    `is_final`: another attempt would not help; `is_gone`: the receiver wants nothing more. `status` and `said` are the
    receiver's, where it was asked for them.
    """

    arrived: bool
    text: str
    is_final: bool = False
    is_gone: bool = False
    status: int | None = None
    said: str = ""


def next_attempt_in(answer: Answer, *, attempts: int) -> timedelta | None:
    """How long to wait after so many attempts that failed; None to give up, after some 18 hours."""
    if answer.is_final or answer.is_gone or attempts > len(BACK_OFF):
        return None
    return BACK_OFF[attempts - 1]

"""What a notice is made of: one thing that is wrong, or waits for somebody, in words for people. Pure."""

from dataclasses import dataclass
from datetime import datetime

from vendor_admin.operations.notices.models import NoticeKind
from vendor_admin.tradovate.trading_calendar import CENTRAL


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that holds now, in words for people. `parts`: what it consists of, where each has to last by itself."""

    organization_id: int
    kind: NoticeKind
    subject: str
    title: str
    text: str
    next_step: str
    path: str
    parts: tuple[str, ...] = ("",)


def counted(number: int, noun: str) -> str:
    """A number with its noun: 1 row, 1,200 rows."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def clock(moment: datetime) -> str:
    """A moment in the installation's time and the exchange's: "2026-11-20 15:00 UTC (09:00 CT)"."""
    return f"{moment:%Y-%m-%d %H:%M} UTC ({moment.astimezone(CENTRAL):%H:%M} CT)"

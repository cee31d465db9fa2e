"""What a notice is made of: one thing that is wrong, or waits for somebody, in words for people. Pure."""

from dataclasses import dataclass

from vendor_admin.notices.models import NoticeKind


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

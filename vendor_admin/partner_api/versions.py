"""The dated versions of the partner API. Each key keeps the one that its answers follow; a request may name another.

The code always makes answers of the newest version. A change that programs could notice comes with a date of its own:
add the date to VERSIONS and an AnswerChange to CHANGES, whose `undo` turns an answer back for those that follow
an earlier date. Whatever is only added needs none.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from vendor_admin.partner_api.request_errors import InvalidRequest

# What programs notice of each date, oldest first; /api/docs/changelog shows it, docs/api/changelog.md has it too.
VERSIONS: Final = {"2026-12-01": ("The first version.",)}
KNOWN_VERSIONS: Final = tuple(VERSIONS)
CURRENT_VERSION: Final = KNOWN_VERSIONS[-1]
HEADER: Final = "Vendor-Admin-Version"


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A change of one resource's answers. `undo` makes of an answer what it was before `version`.

    `resource` is what the view calls itself by its attribute `resource` or `collection`; `undo` gets whole answers:
    of a list `{"data": [...], "next_cursor": ...}`.
    """

    version: str
    resource: str
    undo: Callable[[Any], Any]


# Oldest first.
CHANGES: Final[tuple[AnswerChange, ...]] = ()


def choose_version(sent: str | None, *, of_key: str, known: Iterable[str] = KNOWN_VERSIONS) -> str:
    """The version that a request's answer follows: that of its header or else its key's. Raises InvalidRequest."""
    if sent is None or not sent.strip():
        return of_key
    version = sent.strip()
    dates = list(known)
    if version not in dates:
        raise InvalidRequest(
            f"There is no version {version[:40]!r}. Known are: {', '.join(dates)}.", code="unknown_version"
        )
    return version


def as_of(version: str, *, resource: str, answer: Any, changes: Iterable[AnswerChange]) -> Any:
    """An answer as the given version has it: later changes of its resource are undone, the newest first."""
    for change in sorted(changes, key=lambda one: one.version, reverse=True):
        if change.version > version and change.resource == resource:
            answer = change.undo(answer)
    return answer

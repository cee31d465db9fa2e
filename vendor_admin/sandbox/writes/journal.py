"""What became of every write: an entry in the ledger, and counts by path.

An entry's `kind` is `write`, its `endpoint` the path, its `event_type` the outcome, its `text` a JSON object with the
body (without secrets), status, answer, whether it was applied, and the number of changes it made.
"""

import dataclasses
import enum
import json
from collections import Counter
from typing import Any

from vendor_admin.sandbox.calls import Answer
from vendor_admin.sandbox.ledger import Ledger, Line, as_json

_SECRETS = frozenset({"password", "currentPassword", "accessToken", "p-ticket"})


class WriteOutcome(enum.StrEnum):
    """What became of a write, whatever the caller was told."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    BLOCKED = "blocked"
    LOST = "lost"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """What the caller got: an answer, or nothing, and by which fault."""

    answer: Answer
    is_cut: bool = False
    fault: str = ""


class Journal:
    """Writes of all organizations since the start."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._counts: dict[str, Counter[str]] = {}

    def note(self, line: Line, path: str, body: str, outcome: WriteOutcome, told: Told, *, changes: int = 0) -> None:
        """Remember one write."""
        self._counts.setdefault(path, Counter())[outcome.value] += 1
        entry = {
            "body": _without_secrets(_parsed(body)),
            "status": told.answer.status,
            "answer": _without_secrets(told.answer.body),
            "answered": not told.is_cut,
            "fault": told.fault,
            "applied": outcome is WriteOutcome.APPLIED,
            "changes": changes,
        }
        items = (("", outcome.value, None, as_json(entry).decode()),)
        self._ledger.entities(line, items, direction="received", kind="write", frame=0, endpoint=path)

    def counts(self) -> dict[str, dict[str, int]]:
        """Path -> outcome -> how often."""
        return {path: dict(counter) for path, counter in sorted(self._counts.items())}

    def clear(self) -> None:
        """Count from nothing; the ledger keeps what it has."""
        self._counts.clear()


def _parsed(body: str) -> Any:  # Any: JSON values
    try:
        return json.loads(body)
    except ValueError:
        return body[:200]


def _without_secrets(value: Any) -> Any:  # Any: JSON values
    if isinstance(value, dict):
        return {name: "(secret)" if name in _SECRETS else _without_secrets(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_secrets(one) for one in value]
    return value

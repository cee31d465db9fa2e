"""A refusal that comes after the answer: the platform took the order, and its risk check or the exchange did not.

Seen in the field (2026-03 and 2026-08): the order becomes Rejected, and a commandReport RiskRejected says why.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from vendor_admin.tradovate.values import id_of

REJECTING: Final = frozenset({"RiskRejected", "ExecutionRejected"})
"""Statuses of a command that was not carried out."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a command was not carried out: the platform's word and its text, either of which may be empty."""

    command_id: int
    reason: str
    text: str


def rejection_in(reports: Iterable[Mapping[str, Any]], *, command_id: int) -> Rejection | None:
    """The rejection of a command among commandReports as they were sent; None where none tells of one."""
    for report in reports:
        if id_of(report.get("commandId")) == command_id and report.get("commandStatus") in REJECTING:
            return Rejection(command_id, str(report.get("rejectReason") or ""), str(report.get("text") or ""))
    return None

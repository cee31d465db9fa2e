"""What happened to one order, step by step: what was asked, what was answered, and what was traded. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from risk.orders.words import state_badge, terms_in_words
from vendor_admin.code_words import in_words
from vendor_admin.listing.lists import Badge
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.rules.order_reasons import SUCCESS, reason_in_words


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was refused: in plain words, the platform's term, and the text that it sent, if any."""

    words: str
    term: str
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an order's history. `row` is what it was read from."""

    at: datetime | None
    what: str
    details: str
    state: Badge | None
    row: Mirror
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """All that the platform told of one order. Rows in any order."""

    versions: Sequence[Any] = ()
    commands: Sequence[Any] = ()
    reports: Sequence[Any] = ()
    executions: Sequence[Any] = ()
    fills: Sequence[Any] = ()


def steps_of(told: Told) -> list[Step]:
    """The history of an order, oldest first. A version stands with the command that asked for it, whose id it has."""
    versions = {version.entity_id: version for version in told.versions}
    commands = {command.entity_id for command in told.commands}
    steps = [_asked(command, versions.get(command.entity_id)) for command in told.commands]
    steps += [_terms(version) for key, version in versions.items() if key not in commands]
    steps += [_answered(report) for report in told.reports]
    steps += [_executed(report) for report in told.executions if report.exec_type != "Trade" or not told.fills]
    steps += [_traded(fill) for fill in told.fills]
    return sorted(steps, key=lambda step: (step.at or step.row.received_at, step.row.entity_id))


def refusal_of(reports: Iterable[Any]) -> Refusal | None:
    """The last reason among command reports or execution reports; None where nothing was refused."""
    refused = [_refusal(report) for report in sorted(reports, key=lambda report: report.entity_id)]
    return next((one for one in reversed(refused) if one is not None), None)


def _asked(command: Any, version: Any) -> Step:
    what = f"{in_words(command.command_type or 'Command')} asked for"
    by = "by a program" if command.is_automated else ""
    details = "; ".join(filter(None, [terms_in_words(version), by]))
    return Step(command.timestamp, what, details, state_badge(command.command_status), command)


def _terms(version: Any) -> Step:
    return Step(None, "Terms", terms_in_words(version), None, version)


def _answered(report: Any) -> Step:
    refusal = _refusal(report)
    details = report.text or "" if refusal is None else ""
    return Step(report.timestamp, "Platform", details, state_badge(report.command_status), report, refusal)


def _executed(report: Any) -> Step:
    filled = "" if not report.last_qty else f"{report.last_qty:,} at {_price(report.last_px)}"
    details = "; ".join(filter(None, [in_words(report.exec_type or ""), filled]))
    return Step(report.timestamp, "Exchange", details, state_badge(report.ord_status), report, _refusal(report))


def _traded(fill: Any) -> Step:
    details = f"{fill.qty or 0:,} at {_price(fill.price)}"
    state = Badge("taken back", "bad") if fill.is_taken_back else Badge("filled", "good")
    return Step(fill.timestamp, "Fill", details, state, fill)


def _refusal(report: Any) -> Refusal | None:
    reason = report.reject_reason
    if not reason or reason == SUCCESS:
        return None
    return Refusal(reason_in_words(reason), reason, report.text or "")


def _price(price: Any) -> str:
    return "an unknown price" if price is None else f"{price:,f}"

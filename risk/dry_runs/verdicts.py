"""What the platform says to orders that were not placed, one by one. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from risk.orders.words import terms_in_words
from vendor_admin.mirrors.rules.order_reasons import reason_in_words
from vendor_admin.operations.kinds import Json, plain
from vendor_admin.tradovate.catalogue.order_answers import DryRunAnswer, RiskEvaluation
from vendor_admin.tradovate.operations.trading.dry_run import DRY_RUN, DryRunOrder

AFTER_A_REFUSAL = "An order before it would be refused, so the platform says nothing of this one."


class AnsweredRow(Protocol):
    """A row of a read job of this kind."""

    @property
    def asked(self) -> Json: ...
    @property
    def state(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def answer(self) -> Json: ...
    @property
    def read_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class TriedOrder:
    """An order that is asked about. `contract` is the name that its contract had then."""

    contract: str
    request: DryRunOrder

    def __str__(self) -> str:
        return f"{self.request.action} {self.contract}, {terms_in_words(_Terms(self.request))}"

    @property
    def signed_quantity(self) -> int:
        """The contracts that it buys; what it sells is negative."""
        return self.request.order_qty if self.request.action == "Buy" else -self.request.order_qty


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the platform says to one order, as if those before it were placed already.

    `why` says why there is no answer. `position_after` is the net position in its contract once it and those before it
    are filled, and nothing else is.
    """

    order: TriedOrder
    state: str
    why: str
    read_at: datetime | None
    would_be_taken: bool | None
    reason: str = ""
    comment: str = ""
    details: RiskEvaluation | None = None
    position_after: int | None = None

    @property
    def words(self) -> str:
        """Why it would be refused, in plain words."""
        return reason_in_words(self.reason) if self.reason else ""


def asked_of(orders: Sequence[TriedOrder]) -> list[Json]:
    """What rows ask, one for each order: it and those before it, since an answer is about a whole call.

    The platform does not say which of several orders it refuses; it is the last of the first row that is refused.
    """
    stored = [{"contract": one.contract, "order": _stored(one.request)} for one in orders]
    return [{"orders": stored[:count]} for count in range(1, len(stored) + 1)]


def orders_asked(asked: Json) -> list[TriedOrder]:
    """The orders that a row asks about; the last is its own."""
    bodies = [one["order"] for one in asked["orders"]]
    requests = DRY_RUN.parse({"accountId": 1, "orders": bodies}).orders
    return [TriedOrder(one["contract"], request) for one, request in zip(asked["orders"], requests, strict=True)]


def verdicts_of(rows: Iterable[AnsweredRow]) -> list[Verdict]:
    """What became of each order, in the order of the rows. One behind another that would be refused has no verdict."""
    verdicts: list[Verdict] = []
    is_refused = False
    for row in rows:
        orders = orders_asked(row.asked)
        verdict = _verdict(row, orders, is_after_refusal=is_refused and len(orders) > 1)
        is_refused = verdict.would_be_taken is False or (is_refused and len(orders) > 1)
        verdicts.append(verdict)
    return verdicts


def would_all_be_taken(verdicts: Sequence[Verdict]) -> bool | None:
    """Whether the platform would take all of them; None while it is not known."""
    said = {verdict.would_be_taken for verdict in verdicts}
    if False in said:
        return False
    return None if None in said else True


def _verdict(row: AnsweredRow, orders: Sequence[TriedOrder], *, is_after_refusal: bool) -> Verdict:
    answer = DryRunAnswer.read(row.answer) if row.answer is not None else None
    common: dict[str, Any] = {"order": orders[-1], "state": row.state, "read_at": row.read_at}
    if answer is None:
        return Verdict(**common, why=row.why, would_be_taken=None)
    if is_after_refusal and not answer.would_be_taken:
        return Verdict(**common, why=AFTER_A_REFUSAL, would_be_taken=None)
    return Verdict(
        **common,
        why="",
        would_be_taken=answer.would_be_taken,
        reason="" if answer.would_be_taken else answer.reject_reason or "",
        comment=answer.comment or "",
        details=answer.details,
        position_after=_position_after(answer.details, orders),
    )


def _position_after(details: RiskEvaluation | None, orders: Sequence[TriedOrder]) -> int | None:
    if details is None or details.before_net_pos is None:
        return None
    contract_id = orders[-1].request.contract_id
    return details.before_net_pos + sum(one.signed_quantity for one in orders if one.request.contract_id == contract_id)


def _stored(request: DryRunOrder) -> dict[str, Json]:
    fields = {
        "contractId": request.contract_id,
        "action": request.action,
        "orderQty": request.order_qty,
        "orderType": request.order_type,
        "price": request.price,
        "stopPrice": request.stop_price,
    }
    return {name: plain(value) for name, value in fields.items() if value is not None}


class _Terms:
    """An order's terms with what a dry run does not take."""

    limit_if_touched_price = peg_difference = time_in_force = None

    def __init__(self, order: DryRunOrder) -> None:
        self.order_qty, self.order_type = order.order_qty, order.order_type
        self.price, self.stop_price = order.price, order.stop_price

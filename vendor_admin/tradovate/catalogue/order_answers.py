"""The answers to what trades, as typed objects.

Each may have a `failureReason` with a `failureText`, or an `errorText`: those are read as a refusal before this. An
answer with neither says something only by the id of what was made.
"""

from decimal import Decimal

import msgspec

from vendor_admin.tradovate.catalogue.answers import Answer, Entity

_COMPLAINTS = ("error_text", "failure_reason", "failure_text")


class TradingAnswer(Answer, frozen=True, kw_only=True):
    """An answer that tells success by what it names: "no failure" alone says nothing."""

    @classmethod
    def is_said_by(cls, body: object) -> bool:
        answer = cls.read(body)
        if answer is None:
            return False
        return any(getattr(answer, name) for name in cls.__struct_fields__ if name not in _COMPLAINTS)


class PlaceOrderAnswer(TradingAnswer, frozen=True, kw_only=True):
    failure_reason: str | None = None
    failure_text: str | None = None
    order_id: int | None = None


class PlaceOCOAnswer(PlaceOrderAnswer, frozen=True, kw_only=True):
    """`oco_id` is the other order."""

    oco_id: int | None = None


class PlaceOSOAnswer(PlaceOrderAnswer, frozen=True, kw_only=True):
    """`oso1_id` and `oso2_id` are the orders of the brackets."""

    oso1_id: int | None = None
    oso2_id: int | None = None


class CommandAnswer(TradingAnswer, frozen=True, kw_only=True):
    failure_reason: str | None = None
    failure_text: str | None = None
    command_id: int | None = None


class OrderStrategyAnswer(TradingAnswer, frozen=True, kw_only=True):
    error_text: str | None = None
    failure_reason: str | None = None
    order_strategy: Entity | None = None


class RiskEvaluation(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the platform worked out for orders: margin and money in the account's currency, positions in contracts."""

    before_initial_margin_req: Decimal | None = None
    before_initial_full_margin_req: Decimal | None = None
    before_open_collateral_req: Decimal | None = None
    before_net_pos: int | None = None
    is_exit_order: bool | None = None
    initial_margin_req: Decimal | None = None
    initial_full_margin_req: Decimal | None = None
    open_collateral_req: Decimal | None = None
    total_cash: Decimal | None = None
    futures_open_pnl: Decimal | None = msgspec.field(default=None, name="futuresOpenPnL")
    options_open_pnl: Decimal | None = msgspec.field(default=None, name="optionsOpenPnL")
    risk_credit: Decimal | None = None
    net_liq_value: Decimal | None = None
    future_comm_and_fees: Decimal | None = None
    total_cash_required: Decimal | None = None
    excess: Decimal | None = None
    hypo_long_pos: int | None = None
    hypo_short_pos: int | None = None


class DryRunAnswer(Answer, frozen=True, kw_only=True):
    """What would become of orders. `reject_reason` is empty or "Success" where they would be taken."""

    error_text: str | None = None
    reject_reason: str | None = None
    comment: str | None = None
    details: RiskEvaluation | None = None
    fees: Entity | None = None

    @property
    def would_be_taken(self) -> bool:
        """Whether the platform would take the orders as things stand."""
        return self.reject_reason in (None, "", "Success")


class RollContractAnswer(Answer, frozen=True, kw_only=True):
    error_text: str | None = None
    contract: Entity | None = None


class RollContractsAnswer(Answer, frozen=True, kw_only=True):
    """`contracts` is a map; what it holds for each name is not published."""

    contracts: Entity
    error_text: str | None = None


class ProductFeeParamsAnswer(Answer, frozen=True, kw_only=True):
    params: list[Entity]

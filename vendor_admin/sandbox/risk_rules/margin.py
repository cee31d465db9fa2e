"""What margin an account uses and an order would need. Pure; figures of dryRun's RiskEvaluationDetails.

The platform's pages say only that an order is rejected for which there is no margin. Our reckoning: each contract needs
its initial margin for the largest position that may come of it; all of it must be covered by the net liquidation value.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vendor_admin.sandbox.risk_rules.account_state import AccountState, OrderIntent
from vendor_admin.sandbox.risk_rules.exposure import Exposure, Outlook, exposures_of, outlook_of
from vendor_admin.sandbox.risk_rules.position_limits import ContractBook, RiskParameter
from vendor_admin.sandbox.risk_rules.refusals import Reason, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginUse:
    """What an account's positions and working orders bind: `initial` and `maintenance` for what is held, `total` for
    what may be held once everything has filled.
    """

    initial: float
    maintenance: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """An order weighed before it is sent. `excess` is what is left of the net liquidation value; below 0 the order
    needs more margin than there is.
    """

    net_before: int
    hypothetical_long: int
    hypothetical_short: int
    is_exit: bool
    margin_before: float
    margin_after: float
    net_liq: float

    @property
    def excess(self) -> float:
        """What is left once the order's margin is taken."""
        return round(self.net_liq - self.margin_after, 2)


def margin_use(account: AccountState, contracts: ContractBook) -> MarginUse:
    """What an account uses now."""
    initial = maintenance = 0.0
    for contract_id, net in account.positions.items():
        if net:
            initial += abs(net) * contracts[contract_id].initial_margin
            maintenance += abs(net) * contracts[contract_id].maintenance_margin
    total = _total_margin(exposures_of(account), contracts)
    return MarginUse(initial=round(initial, 2), maintenance=round(maintenance, 2), total=total)


def evaluate(order: OrderIntent, account: AccountState, contracts: ContractBook) -> Evaluation:
    """Weigh an order against an account as it stands."""
    return weigh(outlook_of(order, account), account, contracts)


def weigh(outlook: Outlook, account: AccountState, contracts: ContractBook) -> Evaluation:
    """Weigh what an order would make of an account."""
    after = outlook.own_after
    return Evaluation(
        net_before=after.net,
        hypothetical_long=after.long,
        hypothetical_short=after.short,
        is_exit=outlook.opening == 0,
        margin_before=_total_margin(outlook.before, contracts),
        margin_after=_total_margin(outlook.after, contracts),
        net_liq=account.net_liq,
    )


def margin_refusal(evaluation: Evaluation, parameters: Iterable[RiskParameter]) -> Refusal | None:
    """Why there is not enough margin for an order, or None. What needs no more margin than before is sent."""
    needed = evaluation.margin_after
    if evaluation.is_exit or needed <= evaluation.margin_before:
        return None
    if evaluation.excess < 0:
        return _refusal(needed, evaluation.net_liq)
    for parameter in parameters:
        if parameter.margin_dollars is not None and needed > parameter.margin_dollars:
            return _refusal(needed, parameter.margin_dollars)
        if parameter.margin_percentage is not None:
            most = round(evaluation.net_liq * parameter.margin_percentage / 100, 2)
            if needed > most:
                return _refusal(needed, most)
    return None


def _total_margin(exposures: Mapping[int, Exposure], contracts: ContractBook) -> float:
    total = sum(one.largest * contracts[contract_id].initial_margin for contract_id, one in exposures.items())
    return round(total, 2)


def _refusal(needed: float, most: float) -> Refusal:
    text = f"There is not enough margin. Required: {needed:.2f} Available: {most:.2f}"
    return Refusal(Reason.NOT_ENOUGH_LIQUIDITY, text)

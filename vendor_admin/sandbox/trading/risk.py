"""What the risk rules are told of an account and its orders, and what they say.

The values at the start of session and week are what is left of cash without what was traded since, and what open
positions were worth then: money that is paid in or out moves them along.
"""

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Mapping

from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.market.orders import Terms
from vendor_admin.sandbox.risk_rules.account_state import (
    AccountState,
    AdminAction,
    ContractTerms,
    Lock,
    OrderIntent,
    WorkingOrder,
)
from vendor_admin.sandbox.risk_rules.position_limits import PositionLimit, TimePeriod
from vendor_admin.sandbox.risk_rules.pre_trade import may_send
from vendor_admin.sandbox.risk_rules.refusals import Refusal
from vendor_admin.sandbox.trading.accounts import has_permission
from vendor_admin.sandbox.trading.orders import Order, Orders, Stage
from vendor_admin.sandbox.trading.settlement import balance_of
from vendor_admin.sandbox.trading.valuation import open_pnl
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Entity, Record

MAINTENANCE_SHARE = 0.9


@dataclasses.dataclass(slots=True)
class Tally:
    """What an account traded: dollars made or lost, fees included, and what was open when they began to count."""

    today: float = 0.0
    this_week: float = 0.0
    open_at_day_start: float = 0.0
    open_at_week_start: float = 0.0
    lock: Lock | None = None
    looked_at: dt.datetime | None = None


class Risk:
    """Asks the rules. `tallies` has what no entity shows, by account."""

    def __init__(self, market: Market, orders: Orders) -> None:
        self.contracts = contract_book(market.contracts)
        self.tallies: dict[int, Tally] = {}
        self._market = market
        self._orders = orders

    def refusal_of(self, edits: Edits, order: Order, terms: Terms | None = None) -> Refusal | None:
        """Why an order must not go to the market, or not with these other terms."""
        account = edits.book().get("account", order.account_id)
        if account is None:
            return None
        return self.refusal(edits, account, intent_of(order, terms), replaced=order)

    def refusal(
        self, edits: Edits, account: Record, intent: OrderIntent, *, replaced: Order | None = None
    ) -> Refusal | None:
        """Why an order that is not placed yet must not be sent; `replaced` is one that it takes the place of."""
        return self.refusal_of_state(edits, account, self.state_of(edits, account, replaced=replaced), intent)

    def refusal_of_state(
        self, edits: Edits, account: Record, state: AccountState, intent: OrderIntent
    ) -> Refusal | None:
        """Why an order must not be sent by an account in this state."""
        now = self._market.clock.now()
        return may_send(
            intent,
            state,
            limits=list(limits_of(edits, account.entity)),
            contracts=self.contracts,
            now=now,
            is_session_open=self._market.schedule.is_open(now),
        )

    def tally(self, account_id: int) -> Tally:
        """What is remembered of an account. Where nothing is yet, `state_of` begins with what is open."""
        return self.tallies.setdefault(account_id, Tally())

    def forget(self, account_ids: Collection[int]) -> None:
        """Remember nothing of these accounts."""
        for account_id in account_ids:
            self.tallies.pop(account_id, None)

    def state_of(self, edits: Edits, account: Record, *, replaced: Order | None = None) -> AccountState:
        """An account as the rules see it now."""
        entity, book = account.entity, edits.book()
        account_id = entity["id"]
        balance, status = balance_of(edits, account_id), book.get("accountRiskStatus", account_id)
        risk: Entity = status.entity if status else {}
        cash, worth = float(balance.entity["amount"]) if balance else 0.0, open_pnl(edits, self._market, account_id)
        tally = self.tallies.setdefault(account_id, Tally(open_at_day_start=worth, open_at_week_start=worth))
        since = risk.get("liquidateOnly")
        return AccountState(
            account_id=account_id,
            cash=cash,
            day_start=round(cash - tally.today + tally.open_at_day_start, 2),
            week_start=round(cash - tally.this_week + tally.open_at_week_start, 2),
            max_net_liq=risk.get("maxNetLiq", cash),
            min_net_liq=risk.get("minNetLiq", cash),
            start_balance=entity.get("evaluationSize"),
            open_pnl=worth,
            positions=self._positions(edits, account_id),
            working=[_working(order) for order in self._orders.of_account(account_id) if _counts(order, replaced)],
            admin_action=risk.get("adminAction", AdminAction.NORMAL),
            liquidate_only_at=dt.datetime.fromisoformat(since) if since else None,
            lock=tally.lock,
            is_closed=bool(entity.get("closed") or entity.get("archived")),
            is_restricted=bool(entity.get("restricted")),
            is_readonly=bool(entity.get("readonly")),
            has_permission=entity["userId"] == edits.organization.admin_user_id or has_permission(edits, entity),
            looked_at=tally.looked_at,
        )

    def _positions(self, edits: Edits, account_id: int) -> dict[int, int]:
        """What is open in the market's contracts; others were injected, and no rule knows them."""
        records = edits.book().dependents("position", account_id)
        return {
            record.entity["contractId"]: record.entity["netPos"]
            for record in records
            if record.entity["netPos"] and record.entity["contractId"] in self.contracts
        }


def contract_book(contracts: Mapping[int, Contract]) -> dict[int, ContractTerms]:
    """The contracts in the rules' words. Those whose prices follow the same product can be set against each other."""
    smallest: dict[str, float] = {}
    leaders = {contract.product.name: contract.product.id for contract in contracts.values()}
    for contract in contracts.values():
        product = contract.product
        smallest[product.follows] = min(product.value_per_point, smallest.get(product.follows, product.value_per_point))
    return {
        contract.id: ContractTerms(
            contract_id=contract.id,
            product_id=contract.product.id,
            exchange_id=contract.product.exchange_id,
            expires_at=contract.expires_at,
            initial_margin=contract.product.day_margin,
            maintenance_margin=contract.product.day_margin * MAINTENANCE_SHARE,
            contract_group_id=contract.product.group_id,
            discount_group_id=contract.product.group_id,
            fungible_product_id=leaders[contract.product.follows],
            fungible_units=round(contract.product.value_per_point / smallest[contract.product.follows]),
        )
        for contract in contracts.values()
    }


def intent_of(order: Order, terms: Terms | None = None) -> OrderIntent:
    """What is left to do of an order, or would be with these other terms, in the rules' words."""
    return OrderIntent(
        contract_id=order.contract.id,
        action=order.action,
        quantity=(terms or order.terms).quantity - order.filled,
        one_of=_one_of(order),
        is_liquidation=order.is_liquidation,
    )


def limits_of(edits: Edits, account: Entity) -> Iterator[PositionLimit]:
    """The active limits of an account and of its risk category."""
    view = edits.view()
    for limit_type, parameter_type, master in (
        ("userAccountPositionLimit", "userAccountRiskParameter", account["id"]),
        ("categoryPositionLimit", "categoryRiskParameter", account["riskCategoryId"]),
    ):
        for record in view.dependents(limit_type, master):
            limit = record.entity
            if not limit.get("active", True):
                continue
            period = view.get("riskTimePeriod", limit.get("riskTimePeriodId") or 0)
            yield PositionLimit.of(
                limit,
                parameters=[one.entity for one in view.dependents(parameter_type, limit["id"])],
                period=TimePeriod.of(period.entity) if period else None,
            )


def _counts(order: Order, replaced: Order | None) -> bool:
    return order.stage is Stage.WORKING and order is not replaced


def _working(order: Order) -> WorkingOrder:
    return WorkingOrder(order.contract.id, order.action, order.remaining, one_of=_one_of(order))


def _one_of(order: Order) -> int | None:
    """What orders of which only one fills have in common."""
    return order.bracket.legs[0].id if order.bracket is not None and len(order.bracket.legs) > 1 else None

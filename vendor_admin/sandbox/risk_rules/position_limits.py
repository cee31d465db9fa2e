"""Position limits and their risk parameters: how large a position and an order may be, and in which contracts.

An account's own limits and those of its risk category both act, so the strictest does. Pure. Where the platform's
documents say nothing, the choice is ours and said at the rule.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vendor_admin.sandbox.risk_rules.account_state import ContractTerms
from vendor_admin.sandbox.risk_rules.exposure import Exposure, Outlook
from vendor_admin.sandbox.risk_rules.refusals import Reason, Refusal
from vendor_admin.sandbox.world.times import CENTRAL

ContractBook = Mapping[int, ContractTerms]
"""The contracts by id."""


class TotalBy(StrEnum):
    """What a limit adds up, in the platform's words."""

    CONTRACT = "Contract"
    CONTRACT_GROUP = "ContractGroup"
    DISCOUNT_GROUP = "DiscountGroup"
    EXCHANGE = "Exchange"
    FUNGIBLE_PRODUCT = "FungibleProduct"
    OVERALL = "Overall"
    PRODUCT = "Product"
    PRODUCT_TYPE = "ProductType"

    def key_of(self, contract: ContractTerms) -> object:
        """What contracts that count together have in common; None where it counts with no other."""
        match self:
            case TotalBy.CONTRACT:
                return contract.contract_id
            case TotalBy.CONTRACT_GROUP:
                return contract.contract_group_id
            case TotalBy.DISCOUNT_GROUP:
                return contract.discount_group_id
            case TotalBy.EXCHANGE:
                return contract.exchange_id
            case TotalBy.FUNGIBLE_PRODUCT:
                return contract.fungible_product_id
            case TotalBy.PRODUCT:
                return contract.product_id
            case TotalBy.PRODUCT_TYPE:
                return contract.product_type
            case TotalBy.OVERALL:
                return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which contracts a limit or a parameter is for; a field that is None is for all."""

    contract_id: int | None = None
    product_id: int | None = None
    exchange_id: int | None = None
    product_type: str | None = None
    contract_group_id: int | None = None
    discount_group_id: int | None = None
    fungible_product_id: int | None = None
    verification_status: str | None = None

    @classmethod
    def of(cls, entity: Mapping[str, Any]) -> "Scope":  # Any: fields of entities
        """Read it from a limit or a parameter of the platform."""
        return cls(
            contract_id=entity.get("contractId"),
            product_id=entity.get("productId"),
            exchange_id=entity.get("exchangeId"),
            product_type=entity.get("productType"),
            contract_group_id=entity.get("contractGroupId"),
            discount_group_id=entity.get("riskDiscountContractGroupId"),
            fungible_product_id=entity.get("fungibleProductId"),
            verification_status=entity.get("productVerificationStatus"),
        )

    def covers(self, contract: ContractTerms) -> bool:
        """Whether it is for this contract."""
        return (
            self.contract_id in (None, contract.contract_id)
            and self.product_id in (None, contract.product_id)
            and self.exchange_id in (None, contract.exchange_id)
            and self.product_type in (None, contract.product_type)
            and self.contract_group_id in (None, contract.contract_group_id)
            and self.discount_group_id in (None, contract.discount_group_id)
            and self.fungible_product_id in (None, contract.fungible_product_id)
            and self.verification_status in (None, contract.verification_status)
        )


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class TimePeriod:
    """A riskTimePeriod: from `start` to `stop` by the clock in Chicago, past midnight where stop is before start."""

    start: dt.time
    stop: dt.time

    @classmethod
    def of(cls, entity: Mapping[str, Any]) -> "TimePeriod":  # Any: fields of entities
        """Read it from the platform's entity."""
        start, stop = (dt.time(entity[name]["hour"], entity[name]["minute"]) for name in ("startTime", "stopTime"))
        return cls(start, stop)

    def has(self, moment: dt.datetime) -> bool:
        """Whether a moment lies in it; a period that stops when it starts has every moment."""
        clock = moment.astimezone(CENTRAL).time()
        if self.start < self.stop:
            return self.start <= clock < self.stop
        return clock >= self.start or clock < self.stop


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskParameter:
    """What hangs on a limit; see the platform's fields. An order beyond it is refused unless `is_hard` is False."""

    scope: Scope = EVERYTHING
    max_opening_quantity: int | None = None
    max_closing_quantity: int | None = None
    fungible_max_opening_quantity: int | None = None
    fungible_max_closing_quantity: int | None = None
    max_back_month: int | None = None
    pre_expiration_days: int | None = None
    margin_percentage: float | None = None
    margin_dollars: float | None = None
    is_hard: bool = True

    @classmethod
    def of(cls, entity: Mapping[str, Any]) -> "RiskParameter":  # Any: fields of entities
        """Read it from a userAccountRiskParameter or categoryRiskParameter."""
        return cls(
            scope=Scope.of(entity),
            max_opening_quantity=entity.get("maxOpeningOrderQty"),
            max_closing_quantity=entity.get("maxClosingOrderQty"),
            fungible_max_opening_quantity=entity.get("fungibleMaxOpeningOrderQty"),
            fungible_max_closing_quantity=entity.get("fungibleMaxClosingOrderQty"),
            max_back_month=entity.get("maxBackMonth"),
            pre_expiration_days=entity.get("preExpirationDays"),
            margin_percentage=entity.get("marginPercentage"),
            margin_dollars=entity.get("marginDollarValue"),
            is_hard=entity.get("hardLimit") is not False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionLimit:
    """A userAccountPositionLimit or categoryPositionLimit that is active. `total_by` is the platform's word, which may
    be one that is not known here.
    """

    total_by: str
    scope: Scope = EVERYTHING
    long: int | None = None
    short: int | None = None
    exposed: int | None = None
    fungible_exposed: int | None = None
    period: TimePeriod | None = None
    parameters: Sequence[RiskParameter] = ()

    @classmethod
    def of(
        cls,
        entity: Mapping[str, Any],  # Any: fields of entities
        *,
        parameters: Sequence[Mapping[str, Any]] = (),
        period: TimePeriod | None = None,
    ) -> "PositionLimit":
        """Read it from the platform's entity, with the parameters that hang on it."""
        return cls(
            total_by=entity["totalBy"],
            scope=Scope.of(entity),
            long=entity.get("longLimit"),
            short=entity.get("shortLimit"),
            exposed=entity.get("exposedLimit"),
            fungible_exposed=entity.get("fungibleExposedLimit"),
            period=period,
            parameters=tuple(RiskParameter.of(parameter) for parameter in parameters),
        )

    @property
    def is_misconfigured(self) -> bool:
        """Whether nobody can tell what it allows: an unknown `totalBy`, no number and no parameter, or one below 0."""
        numbers = [n for n in (self.long, self.short, self.exposed, self.fungible_exposed) if n is not None]
        if self.total_by not in frozenset(TotalBy) or any(number < 0 for number in numbers):
            return True
        return not numbers and not self.parameters

    def acts_on(self, contract: ContractTerms, now: dt.datetime) -> bool:
        """Whether it is for a contract at this time."""
        return self.scope.covers(contract) and (self.period is None or self.period.has(now))


def parameters_for(
    contract: ContractTerms, limits: Sequence[PositionLimit], now: dt.datetime
) -> Iterator[RiskParameter]:
    """The parameters that act on orders for a contract."""
    for limit in limits:
        if limit.acts_on(contract, now):
            yield from (one for one in limit.parameters if one.is_hard and one.scope.covers(contract))


def position_refusal(
    outlook: Outlook, limits: Sequence[PositionLimit], contracts: ContractBook, now: dt.datetime
) -> Refusal | None:
    """Why an order that opens makes a position larger than a limit allows, or None.

    What already works counts as if it filled. An order that makes nothing larger that a limit counts is sent, also
    where the limit is passed already.
    """
    contract = contracts[outlook.order.contract_id]
    for limit in limits:
        if not limit.acts_on(contract, now):
            continue
        if limit.is_misconfigured:
            text = f"A position limit by {limit.total_by} of this account cannot be applied."
            return Refusal(Reason.MAX_POS_LIMIT_MISCONFIGURED, text)
        refusal = _over(limit, outlook, contracts)
        if refusal is not None:
            return refusal
    return None


@dataclass(frozen=True, slots=True)
class _Count:
    """One number of a limit against what it counts: of all contracts together, and of the order's own."""

    most: int
    before: int
    after: int
    own: int


def _over(limit: PositionLimit, outlook: Outlook, contracts: ContractBook) -> Refusal | None:
    for count in _counts(limit, outlook, contracts):
        if count.after > count.most and count.after > count.before:
            reason = Reason.MAX_POS_LIMIT_REACHED
            if count.own <= count.most:  # only together with others: which word the platform says when is our choice
                reason = Reason.MAX_TOTAL_POS_LIMIT_REACHED
            text = f"The position would pass the limit by {limit.total_by}. Limit: {count.most} Current: {count.after}"
            return Refusal(reason, text)
    return None


def _counts(limit: PositionLimit, outlook: Outlook, contracts: ContractBook) -> Iterator[_Count]:
    together = _counted_together(limit, outlook, contracts)
    own = outlook.own_after
    before = [outlook.before[contract.contract_id] for contract in together]
    after = [outlook.after[contract.contract_id] for contract in together]
    if limit.long is not None:
        yield _Count(limit.long, sum(one.long for one in before), sum(one.long for one in after), own.long)
    if limit.short is not None:
        yield _Count(limit.short, sum(one.short for one in before), sum(one.short for one in after), own.short)
    if limit.exposed is not None:
        yield _Count(limit.exposed, sum(one.largest for one in before), sum(one.largest for one in after), own.largest)
    if limit.fungible_exposed is not None:
        units = contracts[outlook.order.contract_id].fungible_units
        yield _Count(limit.fungible_exposed, _units(before, together), _units(after, together), own.largest * units)


def _units(exposures: Sequence[Exposure], contracts: Sequence[ContractTerms]) -> int:
    """What contracts that can be set against each other come to, counted in the smallest of them (our choice)."""
    return sum(one.largest * contract.fungible_units for one, contract in zip(exposures, contracts, strict=True))


def _counted_together(limit: PositionLimit, outlook: Outlook, contracts: ContractBook) -> list[ContractTerms]:
    total_by, ordered = TotalBy(limit.total_by), contracts[outlook.order.contract_id]
    key = total_by.key_of(ordered)
    together = [ordered]
    for contract_id in outlook.before:
        contract = contracts[contract_id]
        if contract is ordered or key is None:
            continue
        if total_by.key_of(contract) == key and limit.scope.covers(contract):
            together.append(contract)
    return together

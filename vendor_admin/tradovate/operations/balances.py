"""Money on simulated accounts: changing the balance, the drawdown's peak, and looking at it (DEMO).

Sources: partner.tradovate.com, change-demo-balance, adjust-cash, account-actions. Both changes are differences, so a
repeated one moves the money twice; the operation's short id in the comment is what a change is found again by.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from vendor_admin.tradovate.catalogue.answers import AccountRiskStatusAnswer, CashBalanceSnapshotAnswer
from vendor_admin.tradovate.catalogue.evidence import is_new, is_same
from vendor_admin.tradovate.catalogue.fields import Id, NotNegative, ShortText
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import BOTH, DEMO_ONLY, Operation
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import MarkedField, Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.trading_calendar import platform_trade_date
from vendor_admin.tradovate.values import number_of

DEMO_BALANCE_CAP: Final = Decimal(50_000)
"""What changeDemoBalance may lead to. It is not clear whether this binds administrators; adjustCash has no such cap."""

CashChangeType = Literal[
    "AccountClosureFee", "AddUserFee", "AutomaticReconciliation", "BrokerageFee", "CancelledPairedTrade",
    "CashSettlement", "ChallengePayout", "ClearingFee", "Commission", "Courtesy", "CurrencyConversion",
    "CurrencyConversionFee", "Debit", "DepositFee", "DeskFee", "DormantFee", "EntitlementSubscription", "Escheatment",
    "ExchangeFee", "FundTransaction", "FundTransactionFee", "FundingRate", "GoodwillCredit", "IPFee", "InactivityFee",
    "LiquidationFee", "LiquidationFee2", "ManualAdjustment", "MarketDataSubscription", "NewSession", "NfaFee",
    "NsfCheckFee", "OptionsTrade", "OrderRoutingFee", "PROMO", "RithmicFee", "SeatLeasePayment", "StopPaymentFee",
    "SwapTrade", "ThirdPartyFee", "TradePaired", "TradovateSubscription",
]  # fmt: skip

PARTNER_CASH_CHANGE_TYPES: Final = ("ManualAdjustment", "Courtesy", "Debit", "FundTransaction", "ChallengePayout")
"""Those the documents recommend to vendors; the platform takes all."""


class ChangeDemoBalance(Request, frozen=True, kw_only=True):
    account_id: Id
    cash_change: Annotated[
        Decimal, Meta(description="an amount", extra={"above": -1_000_000, "below": 1_000_000, "not_zero": True})
    ]
    comment: ShortText | None = None


class AdjustCash(Request, frozen=True, kw_only=True):
    account_id: Id
    cash_change: Annotated[
        Decimal, Meta(description="an amount", extra={"above": -100_000, "below": 100_000, "not_zero": True})
    ]
    cash_change_type: CashChangeType
    currency_id: Id
    comment: ShortText | None = None
    sender_id: Id | None = None


class UpdateMaxNetLiq(Request, frozen=True, kw_only=True):
    """Sets the highest net liquidation value, from which a trailing drawdown is measured."""

    account_id: Id
    max_net_liq: NotNegative


class GetCashBalanceSnapshot(Request, frozen=True, kw_only=True):
    account_id: Id


def cap_warning(*, balance: Decimal, change: Decimal) -> str | None:
    """Say so if a change by changeDemoBalance would lead above what the platform documents as the most."""
    if change <= 0 or balance + change <= DEMO_BALANCE_CAP:
        return None
    return (
        f"The balance would be {balance + change:,.2f}. The platform documents {DEMO_BALANCE_CAP:,.2f} as the most "
        "that changeDemoBalance may lead to and may refuse; adjustCash has no such cap."
    )


def _log(request: ChangeDemoBalance | AdjustCash, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "cashBalanceLog", "deps", request.account_id)]


def _balance(request: ChangeDemoBalance | AdjustCash, _reading: Reading) -> LookUp:
    return LookUp(Environment.DEMO, "cashBalance", "deps", request.account_id)


def _was_booked(request: ChangeDemoBalance | AdjustCash, reading: Reading) -> bool | None:
    """True by the mark. Without it, an entry of the same amount may be ours with its comment dropped or cut; and a
    balance that moved by the very amount speaks against a log without an entry.

    The log of a session that is over was seen to vanish, so after the session no absence proves anything.
    """
    entries = [one for one in reading.of("cashBalanceLog") if one.get("accountId") == request.account_id]
    if reading.mark and any(reading.mark in str(one.get("comment", "")) for one in entries):
        return True
    if any(_may_be_ours(one, request.cash_change, reading) for one in entries) or _has_moved(request, reading):
        return None
    is_same_session = platform_trade_date(reading.sent_at) == platform_trade_date(reading.read_at)
    return False if is_same_session else None


def _may_be_ours(entry: Entity, amount: Decimal, reading: Reading) -> bool:
    is_from_trading = entry.get("fillId") is not None or entry.get("fillPairId") is not None
    return is_same(entry.get("delta"), amount) and not is_from_trading and is_new(entry, reading) is not False


def _has_moved(request: ChangeDemoBalance | AdjustCash, reading: Reading) -> bool:
    """Whether the balance, where it was read, differs by the very amount from what it was before."""
    before = number_of(reading.before.get("amount")) if reading.before is not None else None
    if before is None:
        return False
    return any(
        is_same(one.get("amount"), before + request.cash_change)
        for one in reading.of("cashBalance")
        if one.get("accountId") == request.account_id
    )


def _money_doubt(request: ChangeDemoBalance | AdjustCash) -> Doubt:
    amount = f"{request.cash_change:+,.2f}"
    return Doubt(
        f"The balance of account {request.account_id} already has {amount} in it: an entry of this amount in its log, "
        "though without our mark, or a balance that moved by it. Sending it again would book it twice.",
        f"The balance of account {request.account_id} lacks {amount}: entries of this amount in its log are someone "
        "else's. The change still has to be made.",
    )


_MONEY_REMAINS = (
    "The peak that a trailing drawdown is measured from moved with both changes; check it. What the changed balance "
    "brought about in between stays."
)


def _change_back(request: ChangeDemoBalance, _old: Entity | None, _answer: Json) -> Reversal | None:
    opposite = ChangeDemoBalance(account_id=request.account_id, cash_change=-request.cash_change, comment="Reversal")
    return Reversal(CHANGE_DEMO_BALANCE.path, opposite, remains=_MONEY_REMAINS)


def _adjust_back(request: AdjustCash, _old: Entity | None, _answer: Json) -> Reversal | None:
    opposite = AdjustCash(
        account_id=request.account_id,
        cash_change=-request.cash_change,
        cash_change_type=request.cash_change_type,
        currency_id=request.currency_id,
        comment="Reversal",
        sender_id=request.sender_id,
    )
    return Reversal(ADJUST_CASH.path, opposite, remains=_MONEY_REMAINS)


def _risk_status(request: UpdateMaxNetLiq, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "accountRiskStatus", "item", request.account_id)]


def _peak_is_set(request: UpdateMaxNetLiq, reading: Reading) -> bool | None:
    """A higher peak tells nothing: the account may have reached it since, or had it before."""
    found = reading.with_id("accountRiskStatus", request.account_id)
    peak = number_of(found.get("maxNetLiq")) if found is not None else None
    if peak is None:
        return False if found is not None else None
    return None if peak > request.max_net_liq else peak == request.max_net_liq


def _peak_doubt(request: UpdateMaxNetLiq) -> Doubt:
    return Doubt(
        f"The peak of account {request.account_id} was set to {request.max_net_liq:,.2f}, and the account has risen "
        "above it since.",
        f"The peak of account {request.account_id} is the one from before. Sending it again sets it to "
        f"{request.max_net_liq:,.2f}, below what the account has reached.",
    )


def _peak_as_before(request: UpdateMaxNetLiq, old: Entity | None, _answer: Json) -> Reversal | None:
    peak: Any = number_of(old.get("maxNetLiq")) if old is not None else None
    if peak is None or peak < 0 or peak == request.max_net_liq:
        return None
    return Reversal(UPDATE_MAX_NET_LIQ.path, UpdateMaxNetLiq(account_id=request.account_id, max_net_liq=peak))


CHANGE_DEMO_BALANCE = Write(
    operation=Operation(
        path="cashBalance/changedemobalance",
        method="POST",
        environments=DEMO_ONLY,
        # No limit for administrators by the platform's page, 1,000 by a reader of its table: stay below.
        hourly_limit=1000,
        waits_for_maintenance=True,
    ),
    request=ChangeDemoBalance,
    answer=CashBalanceSnapshotAnswer,
    settling=Settling(_log, _was_booked, _money_doubt, _balance),
    revert=_change_back,
    mark=MarkedField("comment"),
    cautions=("The peak that a trailing drawdown is measured from moves with the balance.",),
)

ADJUST_CASH = Write(
    operation=Operation(
        path="fundTransaction/adjustcash", method="POST", environments=DEMO_ONLY, waits_for_maintenance=True
    ),
    request=AdjustCash,
    answer=CashBalanceSnapshotAnswer,
    settling=Settling(_log, _was_booked, _money_doubt, _balance),
    revert=_adjust_back,
    mark=MarkedField("comment"),
    cautions=("The API key needs the permission Funds:FullAccess; without it the platform answers 401.",),
)

UPDATE_MAX_NET_LIQ = Write(
    operation=Operation(
        path="accountRiskStatus/updatemaxnetliq", method="POST", environments=DEMO_ONLY, harmless_to_repeat=True
    ),
    request=UpdateMaxNetLiq,
    answer=AccountRiskStatusAnswer,
    settling=Settling(_risk_status, _peak_is_set, _peak_doubt),
    revert=_peak_as_before,
)

GET_CASH_BALANCE_SNAPSHOT = Write(
    operation=Operation(
        path="cashBalance/getcashbalancesnapshot", method="POST", environments=BOTH, harmless_to_repeat=True
    ),
    request=GetCashBalanceSnapshot,
    answer=CashBalanceSnapshotAnswer,
    settling=None,
    cautions=("It changes nothing; the platform does not want it polled.",),
)

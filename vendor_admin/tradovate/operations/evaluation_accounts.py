"""Creating simulated accounts from a template, and putting them back to the start of a session (DEMO).

Sources: partner.tradovate.com, create-evaluation-accounts, account-provisioning, post-trade-risk and account-actions.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from vendor_admin.tradovate.catalogue.answers import CreateEvaluationAccountsAnswer, SimpleAnswer
from vendor_admin.tradovate.catalogue.batches import Batch, InOrder
from vendor_admin.tradovate.catalogue.evidence import is_same, was_created_by_name
from vendor_admin.tradovate.catalogue.fields import Day, Id, Ids, Month, NotNegative, Year
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import DEMO_ONLY, Operation
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.auto_liq import Thresholds
from vendor_admin.tradovate.operations.evaluation_users import twice_named
from vendor_admin.tradovate.operations.permissions import REVOKE_TRADING_PERMISSION, RevokeTradingPermission
from vendor_admin.tradovate.operations.position_limits import LimitFields, ParameterFields
from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.trading_calendar import session_date
from vendor_admin.tradovate.values import trade_date_of

AccountName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Z]+[0-9]+\Z",
        description="capital letters followed by digits, at most 64 characters",
    ),
]


class PreTradeRiskParameter(ParameterFields, frozen=True, kw_only=True):
    """What a limit made with the account is made more exact by."""


class PreTradeRisk(LimitFields, frozen=True, kw_only=True):
    """A position limit that is made with the account."""

    parameters: tuple[PreTradeRiskParameter, ...]


class PostTradeRisk(Thresholds, frozen=True, kw_only=True):
    """Auto-liq thresholds that are made with the account. Templates have no daily loss and no trailing drawdown."""


class EvaluationAccount(Request, frozen=True, kw_only=True):
    """An account to be made, with a trading permission for the user."""

    user_id: Id
    template_account_id: Id
    name: AccountName
    initial_balance: NotNegative
    pre_trade_risk: tuple[PreTradeRisk, ...] | None = None
    post_trade_risk: PostTradeRisk | None = None


class CreateEvaluationAccounts(Request, frozen=True, kw_only=True):
    accounts: Annotated[tuple[EvaluationAccount, ...], Meta(min_length=1, description="at least one account")]

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from twice_named("accounts", "name", [account.name for account in self.accounts])


class TradeDate(Request, frozen=True, kw_only=True):
    year: Year
    month: Month
    day: Day

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        if self.day_meant is None:
            yield Fault("day", "out_of_range", "is not a day of that month")

    @property
    def day_meant(self) -> date | None:
        """As a date; None for a 31st of February."""
        return trade_date_of({"year": self.year, "month": self.month, "day": self.day})

    @classmethod
    def of(cls, day: date) -> "TradeDate":
        """The platform's form of a date."""
        return cls(year=day.year, month=day.month, day=day.day)


class ResetDemoAccountState(Request, frozen=True, kw_only=True):
    """Back to the market open of a session: trades and balance changes since are gone."""

    account_ids: Ids
    reset_trade_date: TradeDate

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        if len(set(self.account_ids)) < len(self.account_ids):
            yield Fault("accountIds", "not_unique", "must name each account once")
        wanted = self.reset_trade_date.day_meant
        if wanted is not None and wanted > session_date(now):
            yield Fault("resetTradeDate", "out_of_range", "must not lie in the future")


def _accounts_by_name(request: CreateEvaluationAccounts, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "account", "find", account.name) for account in request.accounts]


def _account_was_made(request: CreateEvaluationAccounts, reading: Reading) -> bool | None:
    (account,) = request.accounts
    return was_created_by_name("account", account.name, reading)


def _known_account(request: CreateEvaluationAccounts, reading: Reading) -> LookUp:
    """Or the account's user, before an organization has its first."""
    (account,) = request.accounts
    return reading.known.get("account") or LookUp(Environment.DEMO, "user", "item", account.user_id)


def _account_doubt(request: CreateEvaluationAccounts) -> Doubt:
    (account,) = request.accounts
    return Doubt(
        f"Account {account.name} exists, made by this call; user {account.user_id} may have a permission on it.",
        f"Account {account.name} was not made. One of that name, if there is one, is older.",
    )


def _take_account_away(_request: CreateEvaluationAccounts, _old: Entity | None, answer: Json) -> Reversal | None:
    permission_id = answer.get("tradingPermissionId") if isinstance(answer, dict) else None
    if not isinstance(permission_id, int):
        return None
    return Reversal(
        REVOKE_TRADING_PERMISSION.path,
        RevokeTradingPermission(trading_permission_id=permission_id),
        remains="The account stays until the platform archives it, on the Friday after ten days without permission.",
    )


def _balances(request: ResetDemoAccountState, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.DEMO, "cashBalance", "deps", account_id) for account_id in request.account_ids]


def _was_reset(request: ResetDemoAccountState, reading: Reading) -> bool | None:
    """True if the account stands as at the open of that session. Otherwise it was not reset, or was traded since."""
    (account_id,) = request.account_ids
    balances = [one for one in reading.of("cashBalance") if one.get("accountId") == account_id]
    stands = [_stands_at_open(one, request.reset_trade_date.day_meant) for one in balances]
    return True if stands and all(stands) else None


def _stands_at_open(balance: Entity, session: date | None) -> bool:
    return (
        trade_date_of(balance.get("tradeDate")) == session
        and balance.get("amountSOD") is not None
        and is_same(balance.get("amount"), balance["amountSOD"])
        and not balance.get("realizedPnL")
    )


def _reset_doubt(request: ResetDemoAccountState) -> Doubt:
    (account_id,) = request.account_ids
    return Doubt(
        f"Account {account_id} was put back, and what differs from that session's open was traded or booked since; "
        "resetting again would wipe it out.",
        f"Account {account_id} stands as before, with all its trades and bookings.",
    )


CREATE_EVALUATION_ACCOUNTS = Write(
    operation=Operation(
        path="user/createevaluationaccounts",
        method="POST",
        environments=DEMO_ONLY,
        hourly_limit=100,
        counts_successes=False,
        back_off_seconds=1.0,
        waits_for_maintenance=True,
    ),
    request=CreateEvaluationAccounts,
    answer=CreateEvaluationAccountsAnswer,
    settling=Settling(_accounts_by_name, _account_was_made, _account_doubt, _known_account),
    revert=_take_account_away,
    batch=Batch("accounts", "accounts", 100, InOrder("results", "accountId")),
    cautions=("Daily loss and trailing drawdown are not in the template: send them now or the account has none.",),
)

RESET_DEMO_ACCOUNT_STATE = Write(
    operation=Operation(
        path="account/resetdemoaccountstate", method="POST", environments=DEMO_ONLY, waits_for_maintenance=True
    ),
    request=ResetDemoAccountState,
    answer=SimpleAnswer,
    settling=Settling(_balances, _was_reset, _reset_doubt),
    batch=Batch("account_ids", "accountIds", 100, is_documented=False),
    cautions=("It cannot be undone.", "Accounts without an active trading permission are skipped without a word."),
)

"""Putting simulated accounts back to the open of a session, as plans (DEMO).

Source: partner.tradovate.com, account-actions. Accounts without a trading permission in force are passed over by the
platform without a word, so the preview sets them apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from accounts.trading_accounts.inputs import AccountToReset, SessionToResetTo
from vendor_admin.mirrors.models import CashBalanceLog, TradingPermission
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import asks_of_accounts, known_accounts
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Call, Json, OneWrite, PlanRequest, RowDraft, plain
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.evaluation_accounts import (
    RESET_DEMO_ACCOUNT_STATE,
    ResetDemoAccountState,
    TradeDate,
)
from vendor_admin.tradovate.permission_status import IN_FORCE
from vendor_admin.tradovate.trading_calendar import session_date

DEMO = Environment.DEMO.value
NOT_UNDONE = (
    "This cannot be undone: trades and balance changes since the session's open are gone, also from the drawdown."
)
OPEN_POSITIONS = "Positions are open: they are gone after the reset."
START_UNKNOWN = "What the balance was at that open is not known here; the platform refuses sessions it does not know."


class ResetAccounts(OneWrite):
    """Targets are accounts; the plan's parameter `tradeDate` says to the open of which session (ISO date).

    `old` and `new` hold `amount` and `openPositions`, and of accounts with a trailing drawdown `floor` and `room`; the
    peak stays. An amount that is not known is None.
    """

    name = "reset_accounts"
    title = "Reset accounts to start of day"
    write = RESET_DEMO_ACCOUNT_STATE
    right = Right.RESET_ACCOUNTS
    takes = PlanInput(AccountToReset, SessionToResetTo)
    is_money = True
    is_sensitive = True
    consequence = NOT_UNDONE

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        """What an earlier session opened with no longer changes, so the log is not among it."""
        ids = [target.entity_id for target in request.targets if target.entity_id is not None]
        own = {"organization_id": request.organization_id, "environment": DEMO}
        known = TradingPermission.objects.filter(**own, account_id__in=ids).values_list("entity_id", flat=True)
        return [*asks_of_accounts(ids), Ask(DEMO, TradingPermission.entity_type, list(known))]

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        day, why_not = _day_of(request)
        ids = [target.entity_id for target in request.targets]
        own = {"organization_id": request.organization_id, "environment": DEMO, "deleted_at__isnull": True}
        found = known_accounts(ids, organization_id=request.organization_id, now=request.now)
        permitted = set(
            TradingPermission.objects.filter(**own, account_id__in=found, status__in=IN_FORCE).values_list(
                "account_id", flat=True
            )
        )
        logged = CashBalanceLog.objects.filter(
            **own, account_id__in=found, cash_change_type="NewSession", trade_date=day
        ).order_by("entity_id")
        starts = {(one.account_id, one.currency_id): one.amount for one in logged}
        drafts = []
        for target in request.targets:
            account = found.get(target.entity_id or 0)
            draft = RowDraft(target, DEMO, str(account) if account else f"account {target.entity_id}")
            draft.why_skipped = why_not or _hindrance(account, permitted)
            if account is not None and day is not None and not draft.why_skipped:
                _fill(draft, account, day, starts)
            drafts.append(draft)
        return drafts

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        """A hundred in a call; one by one where the platform may refuse, since it refuses all of a call together."""
        yield from super().calls(
            [row for row in rows if row.new["amount"] is not None], parameters=parameters, reason=reason
        )
        for row in rows:
            if row.new["amount"] is None:
                yield from super().calls([row], parameters=parameters, reason=reason)

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        day = TradeDate.of(date.fromisoformat(parameters["tradeDate"]))
        return ResetDemoAccountState(account_ids=(row.target_id or 0,), reset_trade_date=day)


def _day_of(request: PlanRequest) -> tuple[date | None, str]:
    """The session asked for, and why it cannot be gone back to."""
    try:
        day = date.fromisoformat(request.parameters.get("tradeDate") or "")
    except (TypeError, ValueError):
        return None, SkipReason.NO_DATE
    return day, SkipReason.FUTURE if day > session_date(request.now) else ""


def _hindrance(account: AccountSummary | None, permitted: set[int | None]) -> str:
    if account is None:
        return SkipReason.NOT_THERE.format("account")
    if account.is_over:
        return SkipReason.ACCOUNT_OVER
    return "" if account.account.entity_id in permitted else SkipReason.NO_PERMISSION


def _fill(
    draft: RowDraft,
    account: AccountSummary,
    day: date,
    starts: Mapping[tuple[int | None, int | None], Decimal | None],
) -> None:
    """Old and new values and warnings of a row that will be reset."""
    amount, start = account.only_amount(), _start_of(account, day, starts)
    effect = account.effect_of(amount=start)
    is_known = start is not None
    old: dict[str, object] = {"amount": amount, "openPositions": account.has_open_positions}
    new: dict[str, object] = {"amount": start, "openPositions": False}
    if is_known:
        old, new = {**old, **effect.old}, {**new, **effect.new}
    draft.old = {name: plain(value) for name, value in old.items()}
    draft.new = {name: plain(value) for name, value in new.items()}
    draft.amount = start - (amount or Decimal(0)) if start is not None else None
    draft.warnings = [OPEN_POSITIONS] if account.has_open_positions else []
    draft.warnings += effect.warnings() if is_known else [START_UNKNOWN]


def _start_of(
    account: AccountSummary, day: date, starts: Mapping[tuple[int | None, int | None], Decimal | None]
) -> Decimal | None:
    """The balance at the open of a session: today's stands in the balance, an earlier one's in the log."""
    if len(account.balances) != 1:
        return None
    (balance,) = account.balances
    if balance.trade_date == day:
        return balance.amount_sod
    return starts.get((account.account.entity_id, balance.currency_id))

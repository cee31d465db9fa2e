"""Money of simulated accounts, as plans (DEMO): changing balances, and setting the peak of a trailing drawdown.

A change is a difference: what is asked for twice moves twice. What of a row was done stands in its result, so that
a retry or a revert never repeats it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from accounts.balances.adjustment import KEEP_PEAK, PEAK_AT_BALANCE, AdjustmentMethod, BalanceAdjustment
from accounts.balances.inputs import BalanceChange, PeakChange
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.queries.account_summary import AccountSummary
from vendor_admin.mirrors.queries.accounts import asks_of_accounts, known_accounts
from vendor_admin.mirrors.readings import Ask
from vendor_admin.mirrors.rules.drawdown import NO_DRAWDOWN, Drawdown
from vendor_admin.mirrors.rules.drawdown_effect import WhyUnknown
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Call, Json, OneWrite, PlanRequest, RowDraft, Target, plain
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.precedence import Aspect
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.balances import (
    ADJUST_CASH,
    CHANGE_DEMO_BALANCE,
    UPDATE_MAX_NET_LIQ,
    UpdateMaxNetLiq,
    cap_warning,
)

DEMO = Environment.DEMO.value
POSITIONS_LEFT_OUT = "Positions are open: their profit or loss is not in these figures."
BELOW_ZERO = "The balance will be below zero."
PEAK_BELOW = "The peak will lie below the balance: in real time the platform raises it again at once."
PEAK_BELOW_UNTIL_NIGHT = "The peak will lie below the balance, until the platform raises it at the end of the day."


class ChangeBalances:
    """Targets are accounts. `wanted` holds `cashChange`, a difference in the account's currency.

    Of the plan's parameters, or of a target: `by` (adjustCash or changeDemoBalance), `cashChangeType` and `currencyId`
    for adjustCash, and `maxNetLiq`: what the drawdown's peak is set to after the change (an amount, "keep" for what it
    is now, "balance" for the new balance, nothing to leave it to the platform).
    """

    name = "change_balances"
    title = "Change balances"
    right = Right.CHANGE_BALANCES
    takes = PlanInput(BalanceChange)
    is_money = True
    is_sensitive = True
    changes = Aspect.BALANCE

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        return asks_of_accounts(target.entity_id for target in request.targets)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        return _drafts(request)

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        for row in rows:
            adjustment = BalanceAdjustment.read(parameters, row.wanted)
            if adjustment.change is not None:
                write, request = adjustment.request(account_id=row.target_id or 0, reason=reason)
                yield Call(write, DEMO, request, [row])
            if adjustment.peak:
                yield Call(
                    UPDATE_MAX_NET_LIQ, DEMO, _peak_request(row), [row], after_previous=adjustment.change is not None
                )

    def rest(self, row: PlanRow) -> Target:
        """The peak alone, where the money has moved already."""
        wanted, expected = dict(row.wanted), row.expected
        if _money_moved(row):
            wanted |= {"cashChange": None, "maxNetLiq": row.new["maxNetLiq"]}
            expected = None
        return Target(row.target_type, row.target_id, wanted, expected=expected, label=row.label)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """The opposite amounts, and the peak as it was where they do not bring it back."""
        targets = [_back(row) for row in rows]
        found = [target for target in targets if target is not None]
        return (self.name, found) if found else None


class SetMaxNetLiq(OneWrite):
    """Targets are accounts; `maxNetLiq`, wanted or a parameter, is an amount or "balance" for what each one holds."""

    name = "update_max_net_liq"
    title = "Set max net liquidity"
    write = UPDATE_MAX_NET_LIQ
    right = Right.CHANGE_BALANCES
    takes = PlanInput(PeakChange)
    is_money = True
    is_sensitive = True
    changes = Aspect.BALANCE

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        return asks_of_accounts(target.entity_id for target in request.targets)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        return _drafts(request, only_peak=True)

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return _peak_request(row)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """The peaks as they were."""
        targets = [_peak_back(row, _positive(row.old.get("maxNetLiq"))) for row in rows]
        found = [target for target in targets if target is not None]
        return (self.name, found) if found else None


def _drafts(request: PlanRequest, *, only_peak: bool = False) -> list[RowDraft]:
    found = known_accounts(
        (one.entity_id for one in request.targets), organization_id=request.organization_id, now=request.now
    )
    without_change = {"cashChange": None} if only_peak else {}
    return [
        _draft(target, found.get(target.entity_id or 0), request.parameters, {**target.wanted, **without_change})
        for target in request.targets
    ]


def _draft(
    target: Target, account: AccountSummary | None, parameters: Mapping[str, Json], wanted: Mapping[str, Json]
) -> RowDraft:
    draft = RowDraft(target, DEMO, target.label or f"account {target.entity_id}")
    if account is None:
        draft.why_skipped = SkipReason.NOT_THERE.format("account")
        return draft
    draft.label = str(account)
    try:
        adjustment = BalanceAdjustment.read(parameters, wanted)
    except InvalidFields as invalid:
        draft.why_skipped = invalid.text
        return draft
    draft.why_skipped = _hindrance(account, adjustment)
    if not draft.why_skipped:
        _fill(draft, account, adjustment)
    return draft


def _hindrance(account: AccountSummary, adjustment: BalanceAdjustment) -> str:
    balance = account.balance_in(adjustment.currency_id)
    if account.is_over:
        return SkipReason.ACCOUNT_OVER
    if (adjustment.change is not None or adjustment.peak == PEAK_AT_BALANCE) and (
        balance is None or balance.amount is None
    ):
        return SkipReason.NO_BALANCE
    if adjustment.peak == KEEP_PEAK and (account.peak is None or account.peak <= 0):
        return SkipReason.NO_PEAK
    return ""


def _fill(draft: RowDraft, account: AccountSummary, adjustment: BalanceAdjustment) -> None:
    """Old and new values and warnings of a row that will change."""
    balance = account.balance_in(adjustment.currency_id)
    amount = balance.amount if balance is not None else None
    new_amount = amount + adjustment.change if amount is not None and adjustment.change is not None else amount
    peak = _new_peak(account, adjustment, amount=amount, new_amount=new_amount)
    effect = account.effect_of(amount=new_amount, peak=peak)
    old: dict[str, object] = {"maxNetLiq": account.peak, **effect.old}
    new: dict[str, object] = {"maxNetLiq": peak, **effect.new}
    if (
        len(account.balances) > 1 and not adjustment.peak
    ):  # the platform adds them up to one value, which is not known here
        del old["maxNetLiq"], new["maxNetLiq"]
    if adjustment.change is not None:
        old, new = {"amount": amount, **old}, {"amount": new_amount, **new}
        draft.amount = adjustment.change
    elif peak == account.peak:
        draft.why_skipped = SkipReason.SAME_PEAK
    draft.old = {name: plain(value) for name, value in old.items()}
    draft.new = {name: plain(value) for name, value in new.items()}
    draft.warnings = [*effect.warnings(), *effect.at_end_of_day()]
    if adjustment.change is not None and amount is not None and adjustment.by is AdjustmentMethod.CHANGE_DEMO_BALANCE:
        draft.warnings += [warning for warning in (cap_warning(balance=amount, change=adjustment.change),) if warning]
    if new_amount is not None and new_amount < 0:
        draft.warnings.append(BELOW_ZERO)
    if adjustment.peak and peak is not None and new_amount is not None and peak < new_amount:
        draft.warnings.append(PEAK_BELOW_UNTIL_NIGHT if account.follows_at_end_of_day else PEAK_BELOW)
    if len(account.balances) > 1 and effect.why_unknown is not WhyUnknown.SEVERAL_CURRENCIES:
        draft.warnings.append(WhyUnknown.SEVERAL_CURRENCIES.value)
    if account.has_open_positions:
        draft.warnings.append(POSITIONS_LEFT_OUT)


def _new_peak(
    account: AccountSummary, adjustment: BalanceAdjustment, *, amount: Decimal | None, new_amount: Decimal | None
) -> Decimal | None:
    """The peak when everything is done; None where it is not known."""
    if isinstance(adjustment.peak, Decimal):
        return adjustment.peak
    if adjustment.peak == PEAK_AT_BALANCE:
        return new_amount
    if adjustment.peak == KEEP_PEAK or account.peak is None or amount is None:
        return account.peak
    return adjustment.after(account.standing_at(amount)).peak


def _peak_request(row: PlanRow) -> UpdateMaxNetLiq:
    return UpdateMaxNetLiq(account_id=row.target_id or 0, max_net_liq=Decimal(row.new["maxNetLiq"]))


def _money_moved(row: PlanRow) -> bool:
    return any(write.path in row.result for write in (ADJUST_CASH, CHANGE_DEMO_BALANCE))


def _back(row: PlanRow) -> Target | None:
    """What restores the account of a row; None where nothing of it was done, or the peak before is not known."""
    is_whole = row.state == PlanRow.State.SUCCEEDED
    adjustment = BalanceAdjustment.read(row.plan.parameters, row.wanted)
    old_peak, new_peak = _positive(row.old.get("maxNetLiq")), _positive(row.new.get("maxNetLiq"))
    if adjustment.change is None:
        return _peak_back(row, old_peak) if is_whole else None
    if not is_whole and not _money_moved(row):
        return None
    opposite = replace(adjustment, change=-adjustment.change, peak="")
    expected: dict[str, Json] = {"amount": row.new["amount"]}
    if old_peak is not None and new_peak is not None:
        balance = Decimal(row.new["amount"])
        in_real_time = Drawdown(NO_DRAWDOWN, peak=new_peak, net_liq=balance)
        comes_back = not adjustment.peak and opposite.after(in_real_time).peak == old_peak
        if not comes_back:
            opposite = replace(opposite, peak=old_peak)
            expected |= {"maxNetLiq": row.new["maxNetLiq"]} if is_whole else {}
    return Target(row.target_type, row.target_id, opposite.wanted(), expected=expected, label=row.label)


def _peak_back(row: PlanRow, old_peak: Decimal | None) -> Target | None:
    if old_peak is None:
        return None
    wanted, expected = {"maxNetLiq": plain(old_peak)}, {"maxNetLiq": row.new["maxNetLiq"]}
    return Target(row.target_type, row.target_id, wanted, expected=expected, label=row.label)


def _positive(text: str | None) -> Decimal | None:
    """An amount that the platform takes for a peak."""
    return Decimal(text) if text is not None and Decimal(text) > 0 else None

"""Plain plan kinds for tests of the engine: money, permissions one call each, and any write of the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from vendor_admin.mirrors.models import CashBalance
from vendor_admin.operations.kinds import Call, PlanRequest, RowDraft, Target, plain, register
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.precedence import Aspect
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.operations import write_at
from vendor_admin.tradovate.operations.balances import ADJUST_CASH, AdjustCash
from vendor_admin.tradovate.operations.permissions import REVOKE_TRADING_PERMISSION, RevokeTradingPermission


class AdjustBalance:
    """Targets are accounts; `wanted` holds `change`, in dollars."""

    name = "test_adjust_balance"
    title = "Adjust balances (test)"
    right = Right.CHANGE_BALANCES
    is_money = True
    is_sensitive = True
    changes = Aspect.BALANCE

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        ids = [target.entity_id for target in request.targets]
        balances = CashBalance.objects.filter(account_id__in=ids, environment="demo").order_by("entity_id")
        amount_of = {one.account_id: one.amount for one in balances}
        return [self._draft(target, amount_of.get(target.entity_id)) for target in request.targets]

    def _draft(self, target: Target, amount: Decimal | None) -> RowDraft:
        change = Decimal(target.wanted["change"])
        draft = RowDraft(target, "demo", f"account {target.entity_id}", amount=change)
        if amount is None:
            draft.why_skipped = "No balance is known."
        else:
            draft.old, draft.new = {"amount": plain(amount)}, {"amount": plain(amount + change)}
        return draft

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Any], reason: str) -> Iterable[Call]:
        for row in rows:
            request = AdjustCash(
                account_id=row.target_id or 0,
                cash_change=Decimal(row.wanted["change"]),
                cash_change_type="ManualAdjustment",
                currency_id=1,
                comment=reason,
            )
            yield Call(ADJUST_CASH, "demo", request, [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return None


class RevokeOneByOne:
    """Targets are trading permissions; a call each, and no look at the mirror."""

    name = "test_revoke_one_by_one"
    title = "Revoke one by one (test)"
    right = Right.MANAGE_PERMISSIONS
    is_money = False
    is_sensitive = False
    changes = Aspect.PERMISSION

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        new = {"status": "Revoked"}
        return [RowDraft(target, "demo", f"permission {target.entity_id}", new=new) for target in request.targets]

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Any], reason: str) -> Iterable[Call]:
        for row in rows:
            request = RevokeTradingPermission(trading_permission_id=row.target_id or 0)
            yield Call(REVOKE_TRADING_PERMISSION, "demo", request, [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return None


class RevokeAtOnce(RevokeOneByOne):
    """The same, urgently."""

    name = "test_revoke_at_once"
    title = "Revoke at once (test)"
    urgent_paths = (REVOKE_TRADING_PERMISSION.path,)


class AnyWrite:
    """Targets are whatever; `wanted` holds the `path` of a write, its `environment` and its `body`."""

    name = "test_any_write"
    title = "Any write (test)"
    right = Right.MANAGE_RISK
    is_money = False
    is_sensitive = False

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        return [RowDraft(one, one.wanted["environment"], one.wanted["path"]) for one in request.targets]

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Any], reason: str) -> Iterable[Call]:
        for row in rows:
            write = write_at(row.wanted["path"])
            yield Call(write, row.environment, write.parse(row.wanted["body"]), [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return None


def register_engine_kinds() -> None:
    """Make them known to plans."""
    register(AdjustBalance())
    register(RevokeOneByOne())
    register(RevokeAtOnce())
    register(AnyWrite())

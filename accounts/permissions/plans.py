"""Trading permissions: granting and revoking them, as plans (DEMO).

Revoking takes one account away from one trader, at once; it ends no subscription (see cancelling.py for that).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from accounts.permissions.inputs import PermissionToGrant, PermissionToRevoke
from vendor_admin.mirrors.models import Account, PlatformUser, Position, TradingPermission
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.made import answered_id
from vendor_admin.operations.precedence import Aspect
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.permissions import (
    CREATE_TRADING_PERMISSION,
    REVOKE_TRADING_PERMISSIONS,
    CreateTradingPermission,
    RevokeTradingPermissions,
)
from vendor_admin.tradovate.permission_status import PermissionStatus, is_in_force

DEMO = Environment.DEMO.value
OPEN_POSITIONS = "Positions are open: they stay, and the trader can no longer close them."


class RevokePermissions(OneEntity[TradingPermission]):
    """Targets are trading permissions, by id. It is urgent: who must not trade any more must not wait for others."""

    name = "revoke_trading_permissions"
    title = "Revoke trading permissions"
    write = REVOKE_TRADING_PERMISSIONS
    model = TradingPermission
    environment = DEMO
    noun = "permission"
    right = Right.MANAGE_PERMISSIONS
    takes = PlanInput(PermissionToRevoke)
    changes = Aspect.PERMISSION
    urgent_paths = (REVOKE_TRADING_PERMISSIONS.path,)

    def prepare(
        self, request: PlanRequest, rows: Sequence[TradingPermission]
    ) -> Callable[[RowDraft, TradingPermission], None]:
        names = _Names(rows, organization_id=request.organization_id)
        account_ids = [permission.account_id for permission in rows]
        with_positions = accounts_with_positions(account_ids, organization_id=request.organization_id)

        def fill(draft: RowDraft, permission: TradingPermission) -> None:
            draft.label = names.label(permission.account_id, permission.user_id)
            draft.old = {
                "status": permission.status,
                "accountId": permission.account_id,
                "userId": permission.user_id,
            }
            draft.new = {**draft.old, "status": PermissionStatus.REVOKED.value}
            if not is_in_force(permission.status):
                draft.why_skipped = SkipReason.ALREADY.format(permission.status or "in no known state")
            elif permission.account_id in with_positions:
                draft.warnings.append(OPEN_POSITIONS)

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return RevokeTradingPermissions(trading_permission_ids=(row.target_id or 0,))

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Grant them again; they become new permissions."""
        return GrantPermissions.name, [
            Target(
                "account",
                row.old["accountId"],
                {"userId": row.old["userId"]},
                expected={"status": PermissionStatus.REVOKED.value},
                label=row.label,
            )
            for row in rows
        ]


class GrantPermissions(OneWrite):
    """Targets are accounts; `wanted` names the `userId` who may trade each."""

    name = "grant_trading_permissions"
    title = "Grant trading permissions"
    write = CREATE_TRADING_PERMISSION
    right = Right.MANAGE_PERMISSIONS
    takes = PlanInput(PermissionToGrant)
    is_sensitive = True
    changes = Aspect.PERMISSION

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        account_ids = [target.entity_id for target in request.targets]
        user_ids = [target.wanted.get("userId") for target in request.targets]
        accounts = load(Account, organization_id=request.organization_id, ids=account_ids)
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        status_of = {
            (one.account_id, one.user_id): one.status
            for one in TradingPermission.objects.filter(
                organization_id=request.organization_id,
                environment=DEMO,
                account_id__in=[one for one in account_ids if one is not None],
                deleted_at__isnull=True,
            ).order_by("entity_id")
        }
        return [
            self._draft(
                target,
                accounts.get(target.entity_id, DEMO),
                users.get(target.wanted.get("userId")),
                status_of.get((target.entity_id, target.wanted.get("userId"))),
            )
            for target in request.targets
        ]

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return CreateTradingPermission(account_id=row.target_id or 0, user_id=row.wanted["userId"])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Revoke the permissions that were made."""
        made = ((row, answered_id(row, self.write, "tradingPermission", "id")) for row in rows)
        targets = [Target("tradingPermission", id_, label=row.label) for row, id_ in made if id_ is not None]
        return (RevokePermissions.name, targets) if targets else None

    def _draft(
        self, target: Target, account: Account | None, user: PlatformUser | None, status: str | None
    ) -> RowDraft:
        draft = RowDraft(target, DEMO, target.label or f"account {target.entity_id}")
        if account is None or account.deleted_at is not None:
            draft.why_skipped = SkipReason.NOT_THERE.format("account")
        elif user is None:
            draft.why_skipped = SkipReason.NO_MEMBER_BY_ID.format(target.wanted.get("userId"))
        else:
            draft.label = f"{account} for {user}"
            draft.old, draft.new = {"status": status}, {"status": PermissionStatus.ACCEPTED.value}
            if is_in_force(status):
                draft.why_skipped = SkipReason.MAY_TRADE
            elif account.archived or account.closed:
                draft.why_skipped = SkipReason.ACCOUNT_OVER
        return draft


def accounts_with_positions(account_ids: Iterable[int | None], *, organization_id: int) -> set[int]:
    """Those of these accounts that hold an open position. One query."""
    ids = [one for one in account_ids if one is not None]
    positions = Position.objects.filter(organization_id=organization_id, account_id__in=ids)
    found = open_positions(positions).values_list("account_id", flat=True)
    return {account_id for account_id in found if account_id is not None}


class _Names:
    """What accounts and members are called."""

    def __init__(self, permissions: Sequence[TradingPermission], *, organization_id: int) -> None:
        self._accounts = load(Account, organization_id=organization_id, ids=[one.account_id for one in permissions])
        self._users = load(PlatformUser, organization_id=organization_id, ids=[one.user_id for one in permissions])

    def label(self, account_id: int | None, user_id: int | None) -> str:
        account, user = self._accounts.get(account_id, DEMO), self._users.get(user_id)
        return f"{account or f'account {account_id}'} of {user or f'member {user_id}'}"

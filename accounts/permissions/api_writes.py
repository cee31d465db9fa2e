"""Trading permissions by the partner API: granted and revoked."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

TAG = "Permissions"


class NewPermissions(WriteView):
    """Grants permissions. The reading of the same address is in api.py."""

    create = writes(
        "grant_trading_permissions",
        operation_id="grant_trading_permission",
        tag=TAG,
        summary="Let a member trade an account",
    )


class PermissionEnd(WriteView):
    """Revokes a permission, before all other changes that wait."""

    destroy = writes(
        "revoke_trading_permissions",
        subject="trading_permission",
        operation_id="revoke_trading_permission",
        tag=TAG,
        summary="Revoke a trading permission at once",
    )

"""What is asked for when trading permissions are to be granted or revoked."""

from typing import Annotated, ClassVar

from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import reference
from vendor_admin.operations.inputs.references import ID
from vendor_admin.operations.inputs.subjects import AccountToChange


class PermissionToGrant(RowInput, frozen=True, kw_only=True):
    """An account that a member may trade from then on."""

    entity_type: ClassVar[str] = "account"

    account: AccountToChange
    member: Annotated[
        str | int,
        reference(
            "member",
            "Who may trade it, by platform id, user name or e-mail address.",
            example="JANE_1001",
            platform_name="userId",
        ),
    ]


class PermissionToRevoke(RowInput, frozen=True, kw_only=True):
    """A trading permission that ends at once. Subscriptions keep running."""

    entity_type: ClassVar[str] = "tradingPermission"

    trading_permission: Annotated[
        str | int, reference(ID, "Platform id of the trading permission.", example="5400012", is_subject=True)
    ]

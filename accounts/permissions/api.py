"""Trading permissions by the partner API: who may trade which account."""

from typing import Any

from rest_framework.request import Request

from accounts.permissions.api_writes import NewPermissions, PermissionEnd
from vendor_admin.mirrors.api.mirror_reading import MirrorFilters, MirrorReading, MirrorResource
from vendor_admin.mirrors.models import TradingPermission
from vendor_admin.operations.api.making import ASKED_BY_VERBS
from vendor_admin.partner_api.reading.fields import Flag, Moment, PlatformId, Word
from vendor_admin.partner_api.reading.filters import IdsFilter, WordFilter
from vendor_admin.tradovate.permission_status import is_in_force


class Permission(MirrorResource):
    """Lets a member trade an account."""

    member_id = PlatformId(source="user_id", allow_null=True, help_text="The member who may trade.")
    account_id = PlatformId(allow_null=True, help_text="The account that may be traded.")
    status = Word(
        allow_null=True, help_text="The platform's status: Requested, Accepted, Approved, Declined or Revoked."
    )
    is_in_force = Flag(help_text="Whether the member may trade the account by it.")
    holder_name = Word(source="account_holder_contact", allow_null=True, help_text="The account holder's name.")
    holder_email = Word(source="account_holder_email", allow_null=True, help_text="The account holder's e-mail.")
    trader_name = Word(source="cta_contact", allow_null=True, help_text="The trader's name.")
    trader_email = Word(source="cta_email", allow_null=True, help_text="The trader's e-mail.")
    approved_by_id = PlatformId(allow_null=True, help_text="The user who approved it.")
    updated_at = Moment(source="updated", allow_null=True, help_text="When the platform last changed it.")


class PermissionFilters(MirrorFilters):
    """What the list of trading permissions can be narrowed by."""

    member = IdsFilter(field_name="user_id", help_text="Members' platform ids.")
    account = IdsFilter(field_name="account_id", help_text="Accounts' platform ids.")
    status = WordFilter(field_name="status", help_text="The platform's status, for example Accepted.")


class TradingPermissions(NewPermissions, PermissionEnd, MirrorReading):
    """Who may trade which account."""

    model = TradingPermission
    serializer_class = Permission
    filterset_class = PermissionFilters
    noun = "trading permission"
    collection = "trading-permissions"
    tag = "Permissions"
    required_scopes = {"GET": ("permissions:read",), **ASKED_BY_VERBS}

    def join(self, rows: list[Any], *, request: Request) -> None:
        for row in rows:
            row.is_in_force = is_in_force(row.status) and row.deleted_at is None

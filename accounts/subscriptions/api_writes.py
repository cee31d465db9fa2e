"""Memberships, entitlements and market data by the partner API: given and ended."""

from vendor_admin.operations.api.making import WriteView
from vendor_admin.operations.api.single_writes import writes

MEMBERSHIPS, ENTITLEMENTS, MARKET_DATA = "Memberships", "Entitlements", "Market data subscriptions"


class MembershipsOfMember(WriteView):
    """Gives a member a membership."""

    post = writes(
        "add_memberships",
        subject="member",
        operation_id="add_membership",
        tag=MEMBERSHIPS,
        summary="Add a membership to a member",
    )


class MembershipCancellation(WriteView):
    """Ends a membership."""

    post = writes(
        "cancel_memberships",
        subject="membership",
        operation_id="cancel_membership",
        tag=MEMBERSHIPS,
        summary="Cancel a membership",
    )


class EntitlementsOfMember(WriteView):
    """Gives a member an entitlement."""

    post = writes(
        "add_entitlements",
        subject="member",
        operation_id="add_entitlement",
        tag=ENTITLEMENTS,
        summary="Add an entitlement to a member",
    )


class EntitlementChanges(WriteView):
    """Withdraws an entitlement, or approves it again."""

    partial_update = writes(
        "change_plugin_permissions",
        subject="entitlement",
        operation_id="change_entitlement",
        tag=ENTITLEMENTS,
        summary="Withdraw an entitlement, or approve it again",
    )


class MarketDataOfMember(WriteView):
    """Gives a member market data."""

    post = writes(
        "add_market_data",
        subject="member",
        operation_id="add_market_data",
        tag=MARKET_DATA,
        summary="Add market data to a member",
    )


class MarketDataExpiry(WriteView):
    """Ends the renewal of market data."""

    post = writes(
        "expire_market_data",
        subject="market_data_subscription",
        operation_id="expire_market_data",
        tag=MARKET_DATA,
        summary="Let a market data subscription expire",
    )

"""cancelEverything: on LIVE memberships, plug-ins and market data end, on DEMO trading permissions."""

from collections.abc import Iterable

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.requests import CancelEverything
from vendor_admin.sandbox.writes.rules.entitlements import end_plugin
from vendor_admin.sandbox.writes.rules.entitlements import is_over as plugin_is_over
from vendor_admin.sandbox.writes.rules.market_data import end_market_data
from vendor_admin.sandbox.writes.rules.memberships import end_membership
from vendor_admin.sandbox.writes.rules.memberships import is_over as membership_is_over
from vendor_admin.sandbox.writes.rules.permissions import revoke
from vendor_admin.tradovate.enums import Environment


def cancel_everything(desk: Desk, request: CancelEverything) -> Entity:
    """End what the switches name for every user; unknown users are passed over, a missing switch is off.

    The answer lists what ended on this host; the lists of the other host's things are empty.
    """
    users = [user_id for user_id in dict.fromkeys(request.user_ids) if desk.book().get("user", user_id)]
    ended: dict[str, list[int]] = {
        "tradovateSubscriptionIds": [],
        "userPluginIds": [],
        "marketDataSubscriptionIds": [],
        "tradingPermissionIds": [],
    }
    for user_id in users:
        if desk.environment is Environment.LIVE:
            _end_live(desk, user_id, request, ended)
        elif request.trading_permissions:
            ended["tradingPermissionIds"] += _end_permissions(desk, user_id)
    return {**ended}


def _end_live(desk: Desk, user_id: int, request: CancelEverything, ended: dict[str, list[int]]) -> None:
    if request.tradovate_subscriptions:
        for record in _of(desk, "tradovateSubscription", user_id):
            if not membership_is_over(record.entity, desk.session):
                end_membership(desk, record, reason="Cancelled by organization", now=True)
                ended["tradovateSubscriptionIds"].append(record.entity["id"])
    if request.user_plugins:
        for record in _of(desk, "userPlugin", user_id):
            if not plugin_is_over(record.entity, desk):
                end_plugin(desk, record)
                ended["userPluginIds"].append(record.entity["id"])
    if request.market_data_subscriptions:
        for record in _of(desk, "marketDataSubscription", user_id):
            if not record.entity["expired"]:
                end_market_data(desk, record)
                ended["marketDataSubscriptionIds"].append(record.entity["id"])


def _end_permissions(desk: Desk, user_id: int) -> Iterable[int]:
    for record in _of(desk, "tradingPermission", user_id):
        if record.entity["status"] not in ("Revoked", "Declined"):
            yield revoke(desk, record)["id"]


def _of(desk: Desk, entity_type: str, user_id: int) -> list[Record]:
    return list(desk.book().dependents(entity_type, user_id))

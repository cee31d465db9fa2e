"""Every write of the catalogue, by its path."""

from collections.abc import Mapping
from typing import Any

from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.errors import NoSuchOperation
from vendor_admin.tradovate.operations.auto_liq import (
    CREATE_USER_ACCOUNT_AUTO_LIQ,
    UPDATE_USER_ACCOUNT_AUTO_LIQ,
    UPDATE_USER_AUTO_LIQ,
    UPDATE_USER_AUTO_LIQS,
)
from vendor_admin.tradovate.operations.balances import (
    ADJUST_CASH,
    CHANGE_DEMO_BALANCE,
    GET_CASH_BALANCE_SNAPSHOT,
    UPDATE_MAX_NET_LIQ,
)
from vendor_admin.tradovate.operations.cancelling import CANCEL_EVERYTHING
from vendor_admin.tradovate.operations.contact_info import UPDATE_CONTACT_INFO
from vendor_admin.tradovate.operations.contracts import GET_PRODUCT_FEE_PARAMS, ROLL_CONTRACT, ROLL_CONTRACTS
from vendor_admin.tradovate.operations.credentials import MODIFY_CREDENTIALS, MODIFY_EMAIL_ADDRESS, MODIFY_PASSWORD
from vendor_admin.tradovate.operations.evaluation_accounts import CREATE_EVALUATION_ACCOUNTS, RESET_DEMO_ACCOUNT_STATE
from vendor_admin.tradovate.operations.evaluation_users import CREATE_EVALUATION_USERS
from vendor_admin.tradovate.operations.market_data import ADD_MARKET_DATA_SUBSCRIPTION, EXPIRE_MARKET_DATA_SUBSCRIPTION
from vendor_admin.tradovate.operations.permissions import (
    ACCEPT_TRADING_PERMISSION,
    CREATE_TRADING_PERMISSION,
    REQUEST_TRADING_PERMISSION,
    REVOKE_TRADING_PERMISSION,
    REVOKE_TRADING_PERMISSIONS,
)
from vendor_admin.tradovate.operations.position_limits import (
    CREATE_USER_ACCOUNT_POSITION_LIMIT,
    CREATE_USER_ACCOUNT_RISK_PARAMETER,
    DELETE_USER_ACCOUNT_POSITION_LIMIT,
    DELETE_USER_ACCOUNT_RISK_PARAMETER,
    UPDATE_USER_ACCOUNT_POSITION_LIMIT,
    UPDATE_USER_ACCOUNT_RISK_PARAMETER,
)
from vendor_admin.tradovate.operations.subscriptions import (
    ADD_ENTITLEMENT_SUBSCRIPTION,
    ADD_TRADOVATE_SUBSCRIPTION,
    CANCEL_TRADOVATE_SUBSCRIPTION,
    CHANGE_PLUGIN_PERMISSION,
)
from vendor_admin.tradovate.operations.trading.dry_run import DRY_RUN
from vendor_admin.tradovate.operations.trading.liquidation import LIQUIDATE_POSITION, LIQUIDATE_POSITIONS
from vendor_admin.tradovate.operations.trading.order_changes import CANCEL_ORDER, MODIFY_ORDER
from vendor_admin.tradovate.operations.trading.order_strategies import (
    INTERRUPT_ORDER_STRATEGY,
    MODIFY_ORDER_STRATEGY,
    START_ORDER_STRATEGY,
)
from vendor_admin.tradovate.operations.trading.orders import PLACE_OCO, PLACE_ORDER, PLACE_OSO

_ALL: tuple[Write[Any], ...] = (
    CREATE_EVALUATION_USERS,
    UPDATE_CONTACT_INFO,
    MODIFY_EMAIL_ADDRESS,
    MODIFY_PASSWORD,
    MODIFY_CREDENTIALS,
    CANCEL_EVERYTHING,
    ADD_TRADOVATE_SUBSCRIPTION,
    CANCEL_TRADOVATE_SUBSCRIPTION,
    ADD_ENTITLEMENT_SUBSCRIPTION,
    CHANGE_PLUGIN_PERMISSION,
    ADD_MARKET_DATA_SUBSCRIPTION,
    EXPIRE_MARKET_DATA_SUBSCRIPTION,
    CREATE_EVALUATION_ACCOUNTS,
    RESET_DEMO_ACCOUNT_STATE,
    CREATE_TRADING_PERMISSION,
    REVOKE_TRADING_PERMISSION,
    REVOKE_TRADING_PERMISSIONS,
    REQUEST_TRADING_PERMISSION,
    ACCEPT_TRADING_PERMISSION,
    CHANGE_DEMO_BALANCE,
    ADJUST_CASH,
    UPDATE_MAX_NET_LIQ,
    GET_CASH_BALANCE_SNAPSHOT,
    CREATE_USER_ACCOUNT_AUTO_LIQ,
    UPDATE_USER_ACCOUNT_AUTO_LIQ,
    UPDATE_USER_AUTO_LIQ,
    UPDATE_USER_AUTO_LIQS,
    CREATE_USER_ACCOUNT_POSITION_LIMIT,
    UPDATE_USER_ACCOUNT_POSITION_LIMIT,
    DELETE_USER_ACCOUNT_POSITION_LIMIT,
    CREATE_USER_ACCOUNT_RISK_PARAMETER,
    UPDATE_USER_ACCOUNT_RISK_PARAMETER,
    DELETE_USER_ACCOUNT_RISK_PARAMETER,
    PLACE_ORDER,
    PLACE_OCO,
    PLACE_OSO,
    MODIFY_ORDER,
    CANCEL_ORDER,
    LIQUIDATE_POSITION,
    LIQUIDATE_POSITIONS,
    DRY_RUN,
    START_ORDER_STRATEGY,
    MODIFY_ORDER_STRATEGY,
    INTERRUPT_ORDER_STRATEGY,
    ROLL_CONTRACT,
    ROLL_CONTRACTS,
    GET_PRODUCT_FEE_PARAMS,
)

WRITES: Mapping[str, Write[Any]] = {write.path: write for write in _ALL}
"""By path, as in `WRITES["cashBalance/changedemobalance"]`."""


def write_at(path: str) -> Write[Any]:
    """The write of this path; raises NoSuchOperation if the catalogue has none."""
    write = WRITES.get(path)
    if write is None:
        raise NoSuchOperation(*path.partition("/")[::2])
    return write

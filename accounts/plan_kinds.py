"""Declares what plans of this app there are. Found by vendor_admin.operations."""

from accounts.balances.plans import ChangeBalances, SetMaxNetLiq
from accounts.members.changes import ModifyEmail, ModifyMemberCredentials, ModifyMemberPassword, UpdateContact
from accounts.members.creation import CreateMembers
from accounts.offboarding.cancellation import CancelMembers
from accounts.offboarding.restoration import GiveAgain
from accounts.permissions.plans import GrantPermissions, RevokePermissions
from accounts.subscriptions.entitlements import AddEntitlements, ChangePlugins
from accounts.subscriptions.market_data import AddMarketData, ExpireMarketData
from accounts.subscriptions.memberships import AddMemberships, CancelMemberships
from accounts.trading_accounts.cash_snapshot import CashSnapshots
from accounts.trading_accounts.provisioning import CreateAccounts
from accounts.trading_accounts.resets import ResetAccounts
from vendor_admin.operations.kinds import register, register_reading

for kind in (
    RevokePermissions(),
    GrantPermissions(),
    ChangeBalances(),
    SetMaxNetLiq(),
    CreateAccounts(),
    ResetAccounts(),
    CreateMembers(),
    UpdateContact(),
    ModifyEmail(),
    ModifyMemberPassword(),
    ModifyMemberCredentials(),
    CancelMembers(),
    GiveAgain(),
    AddMemberships(),
    CancelMemberships(),
    AddEntitlements(),
    ChangePlugins(),
    AddMarketData(),
    ExpireMarketData(),
):
    register(kind)
register_reading(CashSnapshots())

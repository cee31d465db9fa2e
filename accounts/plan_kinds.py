"""Declares what plans of this app there are. Found by vendor_admin.operations."""

from accounts.balances import ChangeBalances, SetMaxNetLiq
from accounts.cancelling import CancelMembers
from accounts.cash_snapshots import LookAtCash
from accounts.entitlements import AddEntitlements, ChangePlugins
from accounts.giving_again import GiveAgain
from accounts.market_data import AddMarketData, ExpireMarketData
from accounts.member_changes import ModifyEmail, ModifyMemberCredentials, ModifyMemberPassword, UpdateContact
from accounts.members import CreateMembers
from accounts.new_accounts import CreateAccounts
from accounts.permissions import GrantPermissions, RevokePermissions
from accounts.resets import ResetAccounts
from accounts.subscriptions import AddMemberships, CancelMemberships
from vendor_admin.operations.kinds import register

for kind in (
    RevokePermissions(),
    GrantPermissions(),
    ChangeBalances(),
    SetMaxNetLiq(),
    CreateAccounts(),
    ResetAccounts(),
    LookAtCash(),
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

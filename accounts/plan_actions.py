"""Declares how people start the plans of this app. Found by vendor_admin.operations."""

from accounts.balances.csv_import import BalanceCsv
from accounts.balances.forms import ChangeBalancesForm, SetPeakForm
from accounts.balances.plans import ChangeBalances, SetMaxNetLiq
from accounts.members.changes import ModifyEmail, ModifyMemberCredentials, ModifyMemberPassword, UpdateContact
from accounts.members.creation import CreateMembers
from accounts.members.csv_import import MemberCsv
from accounts.members.forms import ContactForm, CreateMemberForm, CredentialsForm, EmailForm, PasswordForm
from accounts.offboarding.cancellation import NOT_UNDONE, WHAT_CANCELLING_DOES, WHAT_REVOKING_DOES, CancelMembers
from accounts.offboarding.forms import CancelMembersForm
from accounts.permissions.forms import GrantAccountsForm, GrantAgainForm, GrantMembersForm, RevokePermissionsForm
from accounts.permissions.plans import GrantPermissions, RevokePermissions
from accounts.subscriptions.entitlements import AddEntitlements, ChangePlugins
from accounts.subscriptions.forms import (
    AddEntitlementForm,
    AddMarketDataForm,
    AddMembershipForm,
    CancelMembershipForm,
    ChangePluginForm,
)
from accounts.subscriptions.market_data import UNDOCUMENTED, AddMarketData, ExpireMarketData
from accounts.subscriptions.memberships import AddMemberships, CancelMemberships
from accounts.trading_accounts.cash_snapshot import CashSnapshots
from accounts.trading_accounts.csv_import import AccountCsv
from accounts.trading_accounts.forms import CreateAccountsForm, CreateAccountsForMembersForm, ResetAccountsForm
from accounts.trading_accounts.provisioning import CreateAccounts
from accounts.trading_accounts.resets import ResetAccounts
from vendor_admin.operations.actions import Action, offer

for action in (
    Action(
        name="revoke-permissions",
        kind_name=RevokePermissions.name,
        on=("tradingPermission", "account", "user"),
        form=RevokePermissionsForm,
        explains="The trader can no longer trade the account, from this moment on. Subscriptions keep running and "
        "billing: to end those as well, cancel the member. An account without any permission is archived on the Friday "
        "after ten days; until then it can be granted again.",
    ),
    Action(
        name="grant-accounts",
        kind_name=GrantPermissions.name,
        on=("account",),
        form=GrantAccountsForm,
        title="Grant to a member",
        explains="One member may trade all of these accounts from now on.",
    ),
    Action(
        name="grant-members",
        kind_name=GrantPermissions.name,
        on=("user",),
        form=GrantMembersForm,
        title="Grant accounts",
        explains="This member may trade the accounts that you name.",
    ),
    Action(
        name="grant-again",
        kind_name=GrantPermissions.name,
        on=("tradingPermission",),
        form=GrantAgainForm,
        title="Grant again",
        explains="The same members may trade the same accounts again, by new permissions.",
    ),
    Action(
        name="change-balances",
        kind_name=ChangeBalances.name,
        on=("account", "cashBalance"),
        form=ChangeBalancesForm,
        explains="The same amount is added to each of these accounts, or taken away. The reason becomes the comment in "
        "the account's cash history.",
    ),
    Action(
        name="balances-from-file",
        kind_name=ChangeBalances.name,
        on=("account", "cashBalance"),
        title="Change balances from a file",
        explains="Each line of the file adds its own amount to an account, or takes it away. The reason becomes the "
        "comment in the accounts' cash history.",
        takes_selection=False,
        csv=BalanceCsv(),
        only_file=True,
    ),
    Action(
        name="set-peak",
        kind_name=SetMaxNetLiq.name,
        on=("account",),
        form=SetPeakForm,
        explains="The highest value that the platform remembers of an account; the floor of a trailing drawdown "
        "follows it. It repairs a peak that a wrong balance made.",
    ),
    Action(
        name="look-at-cash",
        kind_name=CashSnapshots.name,
        on=("account",),
        only_asks=True,
        explains="Asks the platform for cash, open profit and margin as they are now, a call for each account. It "
        "changes nothing. The answers stand in a table, and are there as CSV.",
    ),
    Action(
        name="reset-accounts",
        kind_name=ResetAccounts.name,
        on=("account",),
        form=ResetAccountsForm,
        explains="Balance and positions go back to what they were when the session opened. This cannot be undone. "
        "Accounts without an active permission are skipped: the platform would ignore them.",
    ),
    Action(
        name="create-accounts",
        kind_name=CreateAccounts.name,
        on=("account",),
        form=CreateAccountsForm,
        explains="The platform makes each account from the template, with its trading permission for the member. "
        "Templates carry no daily loss and no drawdown: type them here, or the accounts have none. Many at once, also "
        "for several members, are made from a CSV file.",
        takes_selection=False,
        csv=AccountCsv(),
    ),
    Action(
        name="create-accounts-for-members",
        kind_name=CreateAccounts.name,
        on=("user",),
        form=CreateAccountsForMembersForm,
        title="Create an account for each",
        explains="Each of these members gets one account made from the template, with its trading permission. "
        "Templates carry no daily loss and no drawdown: type them here, or the accounts have none.",
    ),
    Action(
        name="create-members",
        kind_name=CreateMembers.name,
        on=("user",),
        form=CreateMemberForm,
        explains="The platform makes the member on LIVE and sends an invitation to confirm the address. A member "
        "cannot be deleted again; what was given along can be cancelled. Many at once are made from a CSV file.",
        takes_selection=False,
        csv=MemberCsv(),
    ),
    Action(
        name="change-contact-info",
        kind_name=UpdateContact.name,
        on=("user",),
        form=ContactForm,
        explains="Name, address and phone, without special characters. The platform replaces all of it at once.",
    ),
    Action(
        name="change-email",
        kind_name=ModifyEmail.name,
        on=("user",),
        form=EmailForm,
        explains="The member may have to confirm the new address. It can be put back.",
    ),
    Action(
        name="change-password",
        kind_name=ModifyMemberPassword.name,
        on=("user",),
        form=PasswordForm,
        explains="The member signs in with the new password from then on. It cannot be put back.",
    ),
    Action(
        name="change-credentials",
        kind_name=ModifyMemberCredentials.name,
        on=("user",),
        form=CredentialsForm,
        explains="The platform changes the user name only together with the password. Neither can be put back.",
    ),
    Action(
        name="cancel-members",
        kind_name=CancelMembers.name,
        on=("user", "account", "tradingPermission"),
        form=CancelMembersForm,
        explains=f"{WHAT_CANCELLING_DOES} {WHAT_REVOKING_DOES} {NOT_UNDONE}",
    ),
    Action(
        name="add-memberships",
        kind_name=AddMemberships.name,
        on=("user",),
        form=AddMembershipForm,
        explains="The members get the plan from today on, and it renews until it is cancelled. Reverting ends it at "
        "once; a month that has begun stays billed.",
    ),
    Action(
        name="cancel-memberships",
        kind_name=CancelMemberships.name,
        on=("tradovateSubscription",),
        form=CancelMembershipForm,
        explains="The membership no longer renews. One that ended at once can be added again, as a new one that is "
        "billed anew; one that runs out cannot be made to renew again.",
    ),
    Action(
        name="add-entitlements",
        kind_name=AddEntitlements.name,
        on=("user",),
        form=AddEntitlementForm,
        explains="The members get the entitlement from today on. Sim+ is given only after the member signed the market "
        "data agreement, and brings the market data of the CME group along.",
    ),
    Action(
        name="change-plugins",
        kind_name=ChangePlugins.name,
        on=("userPlugin",),
        form=ChangePluginForm,
        explains="Free of charge, and can be reverted. What was paid stays paid.",
    ),
    Action(
        name="add-market-data",
        kind_name=AddMarketData.name,
        on=("user",),
        form=AddMarketDataForm,
        explains="From 19:00 Central on a month's last day only the next month can be added, before that only the "
        "running one. Reverting expires it; the month stays billed.",
    ),
    Action(
        name="expire-market-data",
        kind_name=ExpireMarketData.name,
        on=("marketDataSubscription",),
        explains=f"It no longer renews; the month stays billed. {UNDOCUMENTED} Ask the platform's support before "
        "you rely on it.",
    ),
):
    offer(action)

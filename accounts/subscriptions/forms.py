"""Forms of the actions on memberships, entitlements, plug-ins and market data."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.subscriptions.entitlements import AGREEMENT_KNOWN, ENTITLEMENT
from accounts.subscriptions.form_choices import (
    entitlements,
    market_data_plans,
    membership_plans,
    offer_choices,
    paying_accounts,
)
from accounts.subscriptions.inputs import Agreement, MarketDataToAdd, MembershipToCancel
from accounts.subscriptions.market_data import PLANS
from accounts.subscriptions.memberships import PLAN
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.form_fields import form_field
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.trading_calendar import month_to_add


class PaidForm(ActionForm):
    """For what members are given and the organization pays."""

    account = forms.ChoiceField(label="Paid from", required=False, help_text="The LIVE account for billing.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_choices(self, "account", paying_accounts(self.selection))

    def wanted(self) -> dict[str, Json]:
        """What each member is to be given."""
        raise NotImplementedError

    def targets(self) -> Sequence[Target]:
        account = self.cleaned_data["account"]
        paid: dict[str, Json] = {"accountId": int(account)} if account else {}
        return [Target("user", user_id, self.wanted() | paid) for user_id in self.selection.ids]


class AddMembershipForm(PaidForm):
    """One plan for all of the chosen members."""

    plan = forms.ChoiceField(label="Membership plan")
    field_order = ("plan", "account")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_choices(self, "plan", membership_plans(self.selection))

    def wanted(self) -> dict[str, Json]:
        return {PLAN: int(self.cleaned_data["plan"])}


class CancelMembershipForm(ActionForm):
    """The chosen memberships, with their period or at once."""

    expire = form_field(
        MembershipToCancel,
        "at_once",
        label="End at once",
        help_text="Off: the member keeps it until its last day, and it does not renew.",
    )
    cancel_reason = form_field(
        MembershipToCancel,
        "cancel_reason",
        label="Reason for the platform",
        help_text="Empty: the reason of the plan.",
    )

    def targets(self) -> Sequence[Target]:
        wanted: dict[str, Json] = {"expire": True} if self.cleaned_data["expire"] else {}
        if self.cleaned_data["cancel_reason"]:
            wanted["cancelReason"] = self.cleaned_data["cancel_reason"]
        return [Target("tradovateSubscription", id_, wanted) for id_ in self.selection.ids]


class AddEntitlementForm(PaidForm):
    """One entitlement for all of the chosen members."""

    entitlement = forms.ChoiceField()
    agreement_known = form_field(
        Agreement,
        "agreement_known",
        label="All of them signed the market data agreement",
        help_text="For Sim+. Off: members of whose signature no notice came are left out.",
    )
    field_order = ("entitlement", "agreement_known", "account")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_choices(self, "entitlement", entitlements(self.selection))

    def wanted(self) -> dict[str, Json]:
        return {ENTITLEMENT: int(self.cleaned_data["entitlement"])}

    def parameters(self) -> Mapping[str, Json]:
        return {AGREEMENT_KNOWN: True} if self.cleaned_data["agreement_known"] else {}


class ChangePluginForm(ActionForm):
    """The chosen plug-ins, approved or withdrawn."""

    approval = forms.ChoiceField(
        label="What to do",
        choices=[("withdraw", "Withdraw: the members can no longer use it"), ("approve", "Approve it again")],
    )

    def targets(self) -> Sequence[Target]:
        wanted = {"approval": self.cleaned_data["approval"] == "approve"}
        return [Target("userPlugin", id_, wanted) for id_ in self.selection.ids]


class AddMarketDataForm(PaidForm):
    """Plans for all of the chosen members, for the month that may be added now."""

    plans = form_field(MarketDataToAdd, "plans", label="Market data plans")
    field_order = ("plans", "account")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_choices(self, "plans", market_data_plans(self.selection))
        self.fields["plans"].help_text = f"For {month_to_add(self.selection.now)}, renewing every month from then on."

    def wanted(self) -> dict[str, Json]:
        return {PLANS: [int(one) for one in self.cleaned_data["plans"]]}

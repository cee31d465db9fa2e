"""The form that cancels members, and says whether cancelling or revoking is right for them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.in_force import permission_stands
from accounts.offboarding.cancellation import SWITCHES, Ending, proposals_for
from accounts.offboarding.inputs import targets_for
from vendor_admin.mirrors.models import Account, PlatformUser, TradingPermission
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.enums import Environment

DEMO = Environment.DEMO.value
PROPOSED, ALL = "proposed", "all"


class CancelMembersForm(ActionForm):
    """The chosen members, or those who trade the chosen accounts, with the platform's four switches.

    Chosen by account, members who keep other accounts are left out unless asked for: for those, revoking is right.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ending = self._accounts_to_end()
        if self.selection.entity_type != PlatformUser.entity_type:
            self._propose()
        for name, label in SWITCHES.items():
            self.fields[name] = forms.BooleanField(
                label=f"End {label}", required=False, initial=True, help_text=_HELP.get(name, "")
            )

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not any(data.get(name) for name in SWITCHES):
            raise forms.ValidationError("Say what is to end: at least one of the four.")
        if not self._members():
            raise forms.ValidationError(
                "Cancelling is right for none of these: every one trades other accounts. Revoke the accounts instead, "
                "or say that all members are to be cancelled."
            )
        return data

    def targets(self) -> Sequence[Target]:
        return targets_for(self._members())

    def parameters(self) -> Mapping[str, Json]:
        return {name: bool(self.cleaned_data[name]) for name in SWITCHES}

    def _members(self) -> list[int]:
        if self.selection.entity_type == PlatformUser.entity_type:
            return list(dict.fromkeys(self.selection.ids))
        if self.cleaned_data.get("whom") == ALL:
            return list(self._ending)
        return [user_id for user_id in self._ending if self._proposals[user_id].ending is Ending.CANCEL]

    def _propose(self) -> None:
        self._proposals = proposals_for(
            self._ending, organization_id=self.selection.organization_id, now=self.selection.now
        )
        counts = Counter(one.ending for one in self._proposals.values())
        cancel, others = counts[Ending.CANCEL], len(self._proposals) - counts[Ending.CANCEL]
        self.fields["whom"] = forms.ChoiceField(
            label="Which members",
            choices=[
                (PROPOSED, f"Those who have no other account ({cancel})"),
                (ALL, f"All who trade the chosen accounts ({cancel + others})"),
            ],
            help_text=f"Of the members who trade these accounts, {counts[Ending.REVOKE]} have other accounts as well: "
            "cancelling would take those away too, revoking leaves them.",
        )

    def _accounts_to_end(self) -> dict[int, set[int]]:
        """User id -> those of the chosen accounts that the user may trade. One query."""
        if self.selection.entity_type == PlatformUser.entity_type:
            return {}
        field = "account_id__in" if self.selection.entity_type == Account.entity_type else "entity_id__in"
        permissions = TradingPermission.objects.filter(
            organization_id=self.selection.organization_id,
            environment=DEMO,
            deleted_at__isnull=True,
            **{field: list(self.selection.ids)},
        )
        found: dict[int, set[int]] = defaultdict(set)
        for one in permissions.order_by("entity_id"):
            if one.user_id is not None and one.account_id is not None and permission_stands(one):
                found[one.user_id].add(one.account_id)
        return dict(found)


_HELP = {
    "tradovateSubscriptions": "On LIVE, at once. A month that has begun stays billed.",
    "userPlugins": "On LIVE, Sim+ for instance.",
    "marketDataSubscriptions": "On LIVE. It does not renew.",
    "tradingPermissions": "On DEMO: every account of these members, also those that were not chosen.",
}

"""Forms of the actions on trading permissions."""

from collections.abc import Sequence

from django import forms

from accounts.permissions.inputs import PermissionToGrant
from vendor_admin.amounts import read_id
from vendor_admin.mirrors.models import Account, PlatformUser, TradingPermission
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.form_fields import form_field
from vendor_admin.operations.kinds import Target
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.permission_status import IN_FORCE

DEMO = Environment.DEMO.value
MOST_ACCOUNTS = 1_000


class RevokePermissionsForm(ActionForm):
    """Permissions as chosen, or every permission in force of the chosen accounts or members."""

    def targets(self) -> Sequence[Target]:
        if self.selection.entity_type == TradingPermission.entity_type:
            return super().targets()
        field = "account_id__in" if self.selection.entity_type == Account.entity_type else "user_id__in"
        in_force = TradingPermission.objects.filter(
            organization_id=self.selection.organization_id,
            environment=DEMO,
            status__in=IN_FORCE,
            deleted_at__isnull=True,
            **{field: list(self.selection.ids)},
        )
        ids = in_force.order_by("entity_id").values_list("entity_id", flat=True)
        return [Target(TradingPermission.entity_type, id_) for id_ in ids]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.targets():
            raise forms.ValidationError("None of these has a permission in force: there is nothing to revoke.")
        return data


class GrantAccountsForm(ActionForm):
    """The chosen accounts, all to one member."""

    member = form_field(
        PermissionToGrant,
        "member",
        help_text="The platform id of the member who may trade these accounts from now on.",
    )

    def clean_member(self) -> int:
        member: int = self.cleaned_data["member"]
        known = load(PlatformUser, organization_id=self.selection.organization_id, ids=[member])
        if known.get(member) is None:
            raise forms.ValidationError(f"This organization has no member {member}.")
        return member

    def targets(self) -> Sequence[Target]:
        wanted = {"userId": self.cleaned_data["member"]}
        return [Target(Account.entity_type, id_, wanted) for id_ in self.selection.ids]


class GrantMembersForm(ActionForm):
    """Accounts, by name or platform id, to the one chosen member."""

    takes_many = False
    accounts = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=50_000,
        help_text="Names or platform ids of accounts, separated by spaces, commas or lines.",
    )

    def clean_accounts(self) -> list[int]:
        words = list(dict.fromkeys(self.cleaned_data["accounts"].replace(",", " ").replace(";", " ").split()))
        if len(words) > MOST_ACCOUNTS:
            raise forms.ValidationError(f"Up to {MOST_ACCOUNTS:,} accounts at once; {len(words):,} are named.")
        found = _accounts_called(words, organization_id=self.selection.organization_id)
        unknown = [word for word in words if word not in found]
        if unknown:
            more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
            raise forms.ValidationError(f"No such account: {', '.join(unknown[:10])}{more}.")
        return [found[word] for word in words]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if self.selection.single_id is None:
            raise forms.ValidationError(
                "Choose one member. To give many accounts to one member, begin at the accounts."
            )
        return data

    def targets(self) -> Sequence[Target]:
        wanted = {"userId": self.selection.single_id}
        return [Target(Account.entity_type, id_, wanted) for id_ in self.cleaned_data["accounts"]]


class GrantAgainForm(ActionForm):
    """The members and accounts of the chosen permissions once more."""

    def targets(self) -> Sequence[Target]:
        permissions = load(TradingPermission, organization_id=self.selection.organization_id, ids=self.selection.ids)
        chosen = (permissions.get(id_, DEMO) for id_ in self.selection.ids)
        return [
            Target(Account.entity_type, one.account_id, {"userId": one.user_id})
            for one in chosen
            if one is not None and one.account_id is not None and one.user_id is not None
        ]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.targets():
            raise forms.ValidationError("None of these names a member and an account.")
        return data


def _accounts_called(words: Sequence[str], *, organization_id: int) -> dict[str, int]:
    """Platform ids of DEMO accounts by what they were called: a name, or the id itself. Two queries."""
    own = Account.objects.filter(organization_id=organization_id, environment=DEMO, deleted_at__isnull=True)
    ids = [id_ for id_ in map(read_id, words) if id_ is not None]
    found = {str(id_): id_ for id_ in own.filter(entity_id__in=ids).values_list("entity_id", flat=True)}
    return found | dict(own.filter(name__in=words).values_list("name", "entity_id"))

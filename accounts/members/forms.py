"""Forms of the actions on members: creating them, and changing what the platform knows of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.members.changes import CONTACT_FIELDS, contact_values
from accounts.members.creation import ENTITLEMENTS, PLAN
from accounts.members.inputs import ContactChange, CredentialsChange, EmailChange, NewMember, PasswordChange
from accounts.subscriptions.form_choices import entitlements, membership_plans, offer_choices
from vendor_admin.mirrors.models import ContactInfo, PlatformUser
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.described import by_platform_name
from vendor_admin.operations.inputs.form_fields import form_field
from vendor_admin.operations.kinds import Json, Target

_ONE_MEMBER = "Choose one member."
_LABELS = {
    "firstName": "First name",
    "lastName": "Last name",
    "streetAddress1": "Street",
    "streetAddress2": "Street, second line",
    "city": "City",
    "state": "State",
    "postCode": "Post code",
    "country": "Country",
    "phone": "Phone",
}
_HELP = {
    "country": "Two capital letters, such as US or DE.",
    "phone": "10 to 21 characters: digits, spaces and + ( ) . / -",
    "lastName": "First and last name together have at most 60 characters.",
}
_OPTIONAL = ("streetAddress2", "state", "postCode")


def _new_password(label: str = "Password") -> forms.Field:
    return form_field(
        PasswordChange,
        "password",
        label=label,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="8 to 64 characters, and not a known-leaked password.",
    )


def _current_password() -> forms.Field:
    return form_field(
        PasswordChange,
        "current_password",
        label="Current password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="The member's, or that of your organization's administrator at the platform.",
    )


class CreateMemberForm(ActionForm):
    """One member to be made. Many are made from a file."""

    name = form_field(NewMember, "name", label="User name")
    email = form_field(NewMember, "email", label="E-mail address", form_class=forms.EmailField)
    password = _new_password()
    first_name = form_field(NewMember, "first_name", help_text="")
    last_name = form_field(NewMember, "last_name", help_text=_HELP["lastName"])
    plan = forms.ChoiceField(label="Membership plan", required=False)
    entitlements = form_field(
        NewMember,
        "entitlements",
        help_text="Without Sim+, which is added after the member signed the agreement.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_choices(self, "plan", [("", "none"), *membership_plans(self.selection)])
        offer_choices(self, "entitlements", entitlements(self.selection, with_sim_plus=False))

    def targets(self) -> Sequence[Target]:
        data = self.cleaned_data
        wanted: dict[str, Json] = {
            "name": data["name"],
            "email": data["email"],
            "firstName": data["first_name"],
            "lastName": data["last_name"],
        }
        if data["plan"]:
            wanted[PLAN] = int(data["plan"])
        if data["entitlements"]:
            wanted[ENTITLEMENTS] = [int(one) for one in data["entitlements"]]
        return [Target("user", None, wanted, {"password": data["password"]})]


class ContactForm(ActionForm):
    """Contact info. Of one member it shows what is known, and what is emptied is taken away; of several, only what is
    typed changes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        single = self.selection.single_id is not None
        for name, label in _LABELS.items():
            keeps = "" if single else "Leave empty to keep. "
            ours, help_text = by_platform_name(ContactChange)[name], keeps + _HELP.get(name, "")
            self.fields[name] = form_field(ContactChange, ours, label=label, required=False, help_text=help_text)
        if single:
            self.initial = {**{name: value or "" for name, value in self._known().items()}, **self.initial}

    def _known(self) -> Mapping[str, Json]:
        found = ContactInfo.objects.filter(
            organization_id=self.selection.organization_id,
            environment="live",
            user_id=self.selection.single_id,
            deleted_at__isnull=True,
        )
        return contact_values(found.order_by("-entity_id").first())

    def _wanted(self) -> dict[str, Json]:
        if self.selection.single_id is None:
            return {name: value for name, value in self.cleaned_data.items() if name in CONTACT_FIELDS and value}
        return {name: self.cleaned_data[name] or None for name in self.changed_data if name in CONTACT_FIELDS}

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        wanted = self._wanted()
        if not wanted:
            raise forms.ValidationError("Nothing is changed.")
        emptied = [_LABELS[name] for name, value in wanted.items() if value is None and name not in _OPTIONAL]
        if emptied:
            raise forms.ValidationError(f"The platform needs: {', '.join(emptied)}.")
        return data

    def targets(self) -> Sequence[Target]:
        return [Target("user", user_id, self._wanted()) for user_id in self.selection.ids]


class OneMemberForm(ActionForm):
    """For what is typed for one member."""

    takes_many = False

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if self.selection.single_id is None:
            raise forms.ValidationError(_ONE_MEMBER)
        return data

    def member(self) -> PlatformUser | None:
        """The chosen member, as the mirror has it."""
        found: PlatformUser | None = load(
            PlatformUser, organization_id=self.selection.organization_id, ids=[self.selection.single_id]
        ).get(self.selection.single_id)
        return found


class EmailForm(OneMemberForm):
    """Another e-mail address of one member."""

    email = form_field(EmailChange, "email", label="New e-mail address", help_text="", form_class=forms.EmailField)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (member := self.member()) is not None:
            self.initial.setdefault("email", member.email)

    def targets(self) -> Sequence[Target]:
        return [Target("user", self.selection.single_id, {"email": self.cleaned_data["email"]})]


class PasswordForm(OneMemberForm):
    """Another password of one member."""

    password = _new_password("New password")
    current_password = _current_password()

    def targets(self) -> Sequence[Target]:
        secrets = {
            "password": self.cleaned_data["password"],
            "currentPassword": self.cleaned_data["current_password"],
        }
        return [Target("user", self.selection.single_id, {}, secrets)]


class CredentialsForm(PasswordForm):
    """Another name and password of one member: the platform changes both together."""

    name = form_field(CredentialsChange, "name", label="New user name", help_text="")
    field_order = ("name", "password", "current_password")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if (member := self.member()) is not None:
            self.initial.setdefault("name", member.name)

    def targets(self) -> Sequence[Target]:
        [target] = super().targets()
        return [Target("user", target.entity_id, {"name": self.cleaned_data["name"]}, target.secrets)]

"""Forms by which operators change users of the installation: each asks why."""

from typing import Any

from django import forms
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from vendor_admin.organizations.models import User

# What decides who somebody is, and whether and where they may enter.
ACCESS_FIELDS = {"username", "email", "kind", "is_active", "is_staff"}


def reason_field(*, required: bool = True) -> forms.CharField:
    """Why a person is changed by another one."""
    return forms.CharField(
        required=required,
        max_length=500,
        widget=forms.TextInput,
        help_text="Written to the audit. The person reads it in a mail, where the installation sends mail.",
    )


class ReasonedUserForm(UserChangeForm):
    """A user's fields. A change of access needs a reason."""

    reason = reason_field(required=False)

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        if ACCESS_FIELDS & set(self.changed_data) and not cleaned.get("reason"):
            self.add_error("reason", "Say why: this changes who may enter, or as whom.")
        return cleaned


class ReasonedNewUserForm(UserCreationForm):
    """A new user, and why there is one."""

    reason = reason_field()


class SetPasswordForm(AdminPasswordChangeForm):
    """A new password for somebody else, and why."""

    reason = reason_field()

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        self.fields.pop("usable_password", None)
        self.fields["password1"].required = self.fields["password2"].required = True


class EndSessionsForm(forms.Form):
    """Why somebody is signed out."""

    reason = reason_field()

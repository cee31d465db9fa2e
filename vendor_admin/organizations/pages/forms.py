"""Forms of the admin for connections and staff."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from vendor_admin.amount_fields import WholeNumberField
from vendor_admin.organizations.models import ENVIRONMENTS, Connection, StaffRole

IN_AUDIT = "Written to the organization's audit."
KEEPS = "Leave empty to keep what is stored."


class ConnectionForm(forms.Form):
    """How an environment is reached. Stored credentials are never shown; empty fields keep them."""

    environment = forms.ChoiceField(
        choices=ENVIRONMENTS, help_text="DEMO: accounts, permissions, risk, balances. LIVE: users and subscriptions."
    )
    rest_url = forms.CharField(label="REST address", max_length=300, help_text="e.g. https://demo.tradovateapi.com/v1")
    websocket_url = forms.CharField(
        label="Socket address", max_length=300, help_text="e.g. wss://demo.tradovateapi.com/v1/websocket"
    )
    name = forms.CharField(label="API user name", max_length=200, required=False)
    password = forms.CharField(label="API password", max_length=200, required=False, widget=forms.PasswordInput)
    app_id = forms.CharField(label="App id", max_length=200, required=False)
    cid = forms.CharField(label="Key id (cid)", max_length=50, required=False)
    sec = forms.CharField(label="Key secret (sec)", max_length=200, required=False, widget=forms.PasswordInput)
    entity_types = forms.CharField(
        label="Entity types",
        required=False,
        help_text="Separated by commas or spaces. Empty: all that Vendor Admin mirrors.",
    )
    sharding = forms.ChoiceField(choices=Connection.Sharding.choices, required=False)
    shard_count = WholeNumberField(
        label="Sockets", min_value=1, max_value=50, initial=1, help_text="More than one needs a sharding."
    )
    reason = forms.CharField(required=False, max_length=500, help_text="Written to the audit.")

    def __init__(self, *args: Any, connection: Connection | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password", "sec"):
            self.fields[name].widget.attrs["autocomplete"] = "new-password"
        if connection is None:
            return
        del self.fields["environment"]
        for name in ("name", "password", "app_id", "cid", "sec"):
            self.fields[name].help_text = KEEPS
        for name in ("rest_url", "websocket_url", "sharding", "shard_count"):
            self.fields[name].initial = getattr(connection, name)
        self.fields["entity_types"].initial = ", ".join(connection.entity_types)

    def values(self) -> dict[str, Any]:
        """What the verbs take: fields of a connection, credentials only where something was typed."""
        data = self.cleaned_data
        values = {name: data[name] for name in ("rest_url", "websocket_url", "sharding", "shard_count")}
        values["entity_types"] = data["entity_types"].replace(",", " ").split()
        credentials = {name: data[name] for name in ("name", "password", "app_id", "cid", "sec") if data[name]}
        return values | ({"credentials": credentials} if credentials else {})


class PasswordForm(forms.Form):
    """The password again, counted by django-axes like any other try."""

    password = forms.CharField(
        label="Your password, once more", widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_password(self) -> str:
        given = str(self.cleaned_data["password"])
        name = self._request.user.get_username()
        if authenticate(self._request, username=name, password=given) != self._request.user:
            raise forms.ValidationError("This is not your password.")
        return given


class UseHostForm(PasswordForm):
    """Why a host is used that the platform did not name. Tokens go there, so the password is asked for again."""

    field_order = ("reason", "password")

    reason = forms.CharField(
        max_length=500, help_text="How you know that it is the organization's. Written to the audit."
    )


class RemoveConnectionForm(forms.Form):
    """Why a connection is removed."""

    reason = forms.CharField(required=False, max_length=500, help_text="Written to the audit.")


class NewPersonForm(forms.Form):
    """Somebody new: a user name nobody has yet. They set their password themselves."""

    username = forms.CharField(label="User name", max_length=150, help_text="A new one, as in dora.alpha.")
    email = forms.EmailField(label="E-mail")
    role = forms.ChoiceField(choices=StaffRole.Role.choices)
    reason = forms.CharField(max_length=500, help_text=IN_AUDIT)


class AnyPersonForm(NewPersonForm):
    """The same for operators, who may also name a user of another organization."""

    email = forms.EmailField(label="E-mail", required=False, help_text="For a new user.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].help_text = "A new one, or that of a vendor staff user of any organization."


class StaffReasonForm(forms.Form):
    """Why a role is taken away, or a password link made."""

    reason = forms.CharField(max_length=500, help_text=IN_AUDIT)


class RoleForm(StaffReasonForm):
    """Change the role of a person, and why."""

    field_order = ("role", "reason")

    role = forms.ChoiceField(choices=StaffRole.Role.choices)

"""Forms of the sign-in client and of the look of the member pages."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from oauth_bridge.models import MemberSite, PlatformClient
from oauth_bridge.sign_in.clients import USUAL
from vendor_admin.organizations.models import ENVIRONMENTS

_REASON = forms.CharField(required=False, max_length=500, help_text="Written to the audit.")


class ClientForm(forms.Form):
    """What the platform gave the organization for its members' sign-in. A stored secret is never shown."""

    environment = forms.ChoiceField(
        choices=[*reversed(ENVIRONMENTS)],
        help_text="LIVE serves also those who trade on DEMO; that host alone knows OAuth clients.",
    )
    client_id = forms.CharField(label="Client id", max_length=200)
    secret = forms.CharField(
        label="Client secret", max_length=300, required=False, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
    authorize_url = forms.CharField(label="Sign-in address", max_length=300, initial=USUAL["authorize_url"])
    exchange_url = forms.CharField(
        label="Exchange address",
        max_length=300,
        initial=USUAL["exchange_url"],
        help_text="Documents name /auth/oauthtoken and /v1/auth/oauthtoken. If one is refused, try the other.",
    )
    encoding = forms.ChoiceField(
        label="Exchange sends",
        choices=PlatformClient.Encoding.choices,
        help_text="Documents name both. If sign-ins end at the exchange, try the other.",
    )
    rest_url = forms.CharField(
        label="REST address",
        max_length=300,
        initial=USUAL["rest_url"],
        help_text="Where auth/me is asked who signed in.",
    )
    reason = _REASON

    def __init__(self, *args: Any, stored: PlatformClient | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stored is None:
            return
        del self.fields["environment"]
        self.fields["secret"].help_text = (
            "Leave empty to keep what is stored. Another host, scheme or port of the exchange or of REST needs it "
            "again, and members sign in again then."
        )
        for name in ("client_id", "authorize_url", "exchange_url", "encoding", "rest_url"):
            self.fields[name].initial = getattr(stored, name)

    def values(self) -> dict[str, Any]:
        """What the verb takes."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("environment", "reason")}


class SiteForm(forms.Form):
    """Name, colour, logo, and whom members ask."""

    title = forms.CharField(
        label="Name on the pages", max_length=80, required=False, help_text="Empty: the organization's name."
    )
    colour = forms.CharField(
        label="Colour",
        max_length=7,
        initial=MemberSite._meta.get_field("colour").default,
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text="Of buttons and marks. Text and links are made lighter or darker until they can be read.",
    )
    logo = forms.FileField(
        label="Logo", required=False, help_text="PNG, JPEG or WebP, at most 200,000 bytes; shown 36 points high."
    )
    remove_logo = forms.BooleanField(label="Show no logo", required=False)
    help_text = forms.CharField(
        label="Whom members ask",
        max_length=300,
        required=False,
        help_text="Shown at the foot of each page, for instance: Write to help@alpha-funding.example.",
    )
    reason = _REASON

    def __init__(self, *args: Any, stored: MemberSite | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stored is None or not stored.logo_type:
            del self.fields["remove_logo"]
        if stored is not None:
            for name in ("title", "colour", "help_text"):
                self.fields[name].initial = getattr(stored, name)

    def logo_content(self) -> bytes | None:
        """The new logo, empty bytes to remove it, None to leave it."""
        given = self.cleaned_data.get("logo")
        if isinstance(given, UploadedFile):
            return bytes(given.read())
        return b"" if self.cleaned_data.get("remove_logo") else None


class ReasonForm(forms.Form):
    """Why something is ended."""

    reason = _REASON


class DisconnectForm(forms.Form):
    """Why a member is signed out everywhere."""

    reason = forms.CharField(max_length=500, help_text="Written to the audit.")

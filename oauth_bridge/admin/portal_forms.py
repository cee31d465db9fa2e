"""Forms of portals: one for each kind, since they are asked different things."""

from collections.abc import Iterable
from typing import Any

from django import forms

from oauth_bridge.models import Portal
from oauth_bridge.portals.scopes import MEMBER_SCOPES, MemberScope
from vendor_admin.partner_api.scopes import PARTNER_SCOPES, Scope


class PortalForm(forms.Form):
    """What both kinds have."""

    name = forms.CharField(max_length=80)
    scopes = forms.MultipleChoiceField(label="It may", widget=forms.CheckboxSelectMultiple)
    reason = forms.CharField(required=False, max_length=500, help_text="Written to the audit.")

    def __init__(self, *args: Any, stored: Portal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if stored is not None:
            self.fields["name"].initial, self.fields["scopes"].initial = stored.name, list(stored.scopes)

    def values(self) -> dict[str, Any]:
        """What the verbs take."""
        return {"name": self.cleaned_data["name"], "scopes": self.cleaned_data["scopes"]}


class SignInPortalForm(PortalForm):
    """A site where members sign in."""

    redirect_uris = forms.CharField(
        label="Redirect URIs",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://portal.example.com/callback"}),
        help_text="One a line, exactly as the portal's developer names them. No other address is ever answered.",
    )
    field_order = ("name", "redirect_uris", "scopes", "reason")

    def __init__(self, *args: Any, stored: Portal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, stored=stored, **kwargs)
        self.fields["name"].help_text = "Members read it before they sign in there."
        scopes = self.fields["scopes"]
        scopes.label = "It may learn"
        scopes.choices = _choices(MEMBER_SCOPES)  # type: ignore[attr-defined]
        if stored is None:
            scopes.initial = ["openid", "profile"]
        else:
            self.fields["redirect_uris"].initial = "\n".join(stored.uris)

    def values(self) -> dict[str, Any]:
        return super().values() | {"redirect_uris": self.cleaned_data["redirect_uris"].split()}


class ProgramForm(PortalForm):
    """A program that uses the partner API."""

    def __init__(self, *args: Any, stored: Portal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, stored=stored, **kwargs)
        self.fields["name"].help_text = "The audit names it so."
        self.fields["scopes"].choices = _choices(PARTNER_SCOPES)  # type: ignore[attr-defined]


def _choices(scopes: Iterable[MemberScope | Scope]) -> list[tuple[str, str]]:
    return [(scope.name, f"{scope.name} – {scope.words}") for scope in scopes]

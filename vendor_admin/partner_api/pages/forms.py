"""Forms of API keys: a new one, and another text for one that is there."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms

from vendor_admin.partner_api.scopes import PARTNER_SCOPES

LASTS = (("30", "30 days"), ("90", "90 days"), ("365", "a year"), ("", "no end: until somebody revokes it"))
OVERLAPS = (
    ("0", "no time: it ends at once"),
    ("1", "an hour"),
    ("24", "a day"),
    ("72", "three days"),
    ("168", "seven days"),
)
KINDS = {"test": "test: begins with vak_test_", "live": "live: begins with vak_live_"}
ONLY_KIND = {
    "live": "Test mode is off for this organization: the operator of this installation switches it on.",
    "test": "This is a test organization: it takes test keys alone.",
}
IN_AUDIT = "Written to the audit."


class KeyForm(forms.Form):
    """What a new key is for. No scope is chosen before somebody chooses it. `kinds` are those that its organization
    has, the usual one first.
    """

    name = forms.CharField(max_length=100, help_text="Of the program that will use it. The audit names it so.")
    kind = forms.ChoiceField(
        widget=forms.RadioSelect,
        required=False,
        help_text="A test key works with the simulated platform of your test organization and nowhere else, so it does "
        "no harm. It is listed there.",
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        choices=[(scope.name, f"{scope.name} – {scope.words}") for scope in PARTNER_SCOPES],
        help_text="Give it what it needs and no more: this cannot be changed later.",
    )
    lasts = forms.ChoiceField(label="It ends after", choices=LASTS, initial="365", required=False)
    allowed_addresses = forms.CharField(
        label="It may be used from",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "203.0.113.8\n203.0.113.0/24"}),
        help_text="Addresses or networks, one a line. Empty: from everywhere.",
    )
    is_revoked_when_leaked = forms.BooleanField(
        label="Revoke it at once if it is ever sent in an address",
        required=False,
        help_text="Addresses are kept by browsers, proxies and logs. Such a request is refused anyway, and you get an "
        "alert. Chosen, the program stands still until you make it another key.",
    )
    reason = forms.CharField(required=False, max_length=500, help_text=IN_AUDIT)

    def __init__(self, *args: Any, kinds: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.usual_kind = kinds[0]
        kind = cast(forms.ChoiceField, self.fields["kind"])
        kind.choices = [(one, KINDS[one]) for one in kinds]
        kind.initial = self.usual_kind
        if len(kinds) == 1:
            kind.widget = forms.HiddenInput()
            kind.error_messages["invalid_choice"] = ONLY_KIND[self.usual_kind]

    def values(self, *, now: datetime) -> dict[str, Any]:
        """What the verb takes."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "is_test": (data["kind"] or self.usual_kind) == "test",
            "scopes": data["scopes"],
            "expires_at": now + timedelta(days=int(data["lasts"])) if data["lasts"] else None,
            "allowed_addresses": data["allowed_addresses"].replace(",", " ").split(),
            "is_revoked_when_leaked": data["is_revoked_when_leaked"],
            "reason": data["reason"],
        }


class RollForm(forms.Form):
    """How long the key before works beside the new one."""

    overlap = forms.ChoiceField(
        label="The key in use goes on working for",
        choices=OVERLAPS,
        initial="24",
        help_text="Time to put the new one in its place. If somebody else may have the key in use, choose no overlap.",
    )
    reason = forms.CharField(required=False, max_length=500, help_text=IN_AUDIT)

    def overlap_chosen(self) -> timedelta:
        """What the verb takes."""
        return timedelta(hours=int(self.cleaned_data["overlap"]))


class RevokeForm(forms.Form):
    """Asks once more."""

    reason = forms.CharField(required=False, max_length=500, help_text=IN_AUDIT)

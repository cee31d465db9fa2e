"""Forms of event webhooks."""

from typing import Any

from django import forms

from vendor_admin.notices.models import EventWebhook
from vendor_admin.sync.events.event_types import CATALOGUE, NOUNS, is_event_type


class WebhookForm(forms.Form):
    """Where events go, and which."""

    url = forms.CharField(
        label="URL",
        max_length=500,
        help_text="An https:// address that takes POST requests. Messages are signed.",
    )
    description = forms.CharField(label="What it is for", required=False, max_length=200)
    nouns = forms.MultipleChoiceField(
        label="All events of",
        required=False,
        choices=[(f"{noun}.*", f"{noun}.*") for noun in NOUNS],
        widget=forms.CheckboxSelectMultiple,
    )
    others = forms.CharField(
        label="And these",
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"Single event types, one a line, for instance {', '.join(list(CATALOGUE)[5:8])}.",
    )
    is_with_object = forms.BooleanField(
        label="Send the object",
        required=False,
        help_text="As the platform sent it. Otherwise the message has ids and a link.",
    )

    def __init__(self, *args: Any, webhook: EventWebhook | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if webhook is None:
            self.fields["nouns"].initial = ["account.*", "member.*", "plan.*"]
            return
        known = {f"{noun}.*" for noun in NOUNS}
        self.fields["nouns"].initial = [name for name in webhook.event_types if name in known]
        self.fields["others"].initial = "\n".join(name for name in webhook.event_types if name not in known)
        for name in ("url", "description", "is_with_object"):
            self.fields[name].initial = getattr(webhook, name)

    def clean_others(self) -> list[str]:
        """The event types, each of which there must be."""
        names = str(self.cleaned_data["others"]).replace(",", "\n").split()
        if unknown := [name for name in names if not is_event_type(name)]:
            raise forms.ValidationError(f"There is no event type “{unknown[0][:60]}”.")
        return names

    def clean(self) -> dict[str, Any]:
        """At least one event type."""
        data = super().clean() or self.cleaned_data
        if not self.errors and not data.get("nouns") and not data.get("others"):
            self.add_error("nouns", "Choose at least one.")
        return data

    def values(self) -> dict[str, Any]:
        """What the verbs take."""
        data = self.cleaned_data
        return {
            "url": data["url"],
            "description": data["description"],
            "event_types": [*data["nouns"], *data["others"]],
            "is_with_object": data["is_with_object"],
        }

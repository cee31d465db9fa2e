"""Forms of notice channels."""

from typing import Any

from django import forms

from vendor_admin.notices.models import NoticeChannel, NoticeKind


class ChannelForm(forms.Form):
    """Where notices go, and which. Exactly one of addresses and URL."""

    addresses = forms.CharField(
        label="E-mail addresses",
        required=False,
        max_length=3000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line, ten at most. For people.",
    )
    url = forms.CharField(
        label="Webhook URL",
        required=False,
        max_length=500,
        help_text="An https:// address that takes POST requests. For a program; messages are signed.",
    )
    kinds = forms.MultipleChoiceField(
        label="Which notices", choices=NoticeKind.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, channel: NoticeChannel | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kinds"].initial = NoticeKind.values if channel is None else channel.kinds
        if channel is None:
            return
        is_webhook = channel.medium == NoticeChannel.Medium.WEBHOOK
        name, value = ("url", channel.url) if is_webhook else ("addresses", "\n".join(channel.addresses))
        del self.fields["addresses" if is_webhook else "url"]
        self.fields[name].initial, self.fields[name].required = value, True

    def clean(self) -> dict[str, Any]:
        """New channels have one place to go to."""
        data = super().clean() or self.cleaned_data
        if {"addresses", "url"} <= self.fields.keys() and bool(data.get("addresses")) == bool(data.get("url")):
            self.add_error(None, "Give e-mail addresses or a webhook URL: one channel has one of them.")
        return data

    def values(self) -> dict[str, Any]:
        """What the verbs take."""
        data = self.cleaned_data
        values: dict[str, Any] = {"kinds": data["kinds"]}
        if data.get("addresses"):
            values["addresses"] = data["addresses"].replace(",", "\n").splitlines()
        if data.get("url"):
            values["url"] = data["url"]
        return values

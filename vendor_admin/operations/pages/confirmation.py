"""What is asked before a plan starts: more of it, the larger the plan is and where money moves."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest

from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans.approval_rules import approval_rule


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What confirming a plan asks for."""

    planned: int
    is_large: bool
    is_money: bool

    @property
    def asks_for_count(self) -> bool:
        return self.is_large or self.is_money


def confirmation_for(plan: Plan, *, planned: int) -> Confirmation:
    """What confirming asks for: a typed count and a reason where it is large or about money, and then a password."""
    is_large = plan.needs_second_person or planned > approval_rule(plan.organization).accounts_over
    return Confirmation(planned=planned, is_large=is_large, is_money=plan.is_money)


class ConfirmForm(forms.Form):
    """What is asked before a plan starts: the count typed by hand, a reason, the password."""

    count = forms.CharField(
        max_length=12,
        label="Number of rows",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    reason = forms.CharField(max_length=500, help_text="Recorded in the audit log.")
    password = forms.CharField(
        max_length=200,
        label="Your password",
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        help_text="Asked again wherever money moves.",
    )

    def __init__(
        self, *args: Any, request: HttpRequest, confirmation: Confirmation, has_reason: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._request, self._confirmation = request, confirmation
        self.fields["count"].help_text = f"Type {confirmation.planned} to confirm that you mean that many."
        if not confirmation.asks_for_count:
            del self.fields["count"]
        if has_reason or not confirmation.asks_for_count:
            del self.fields["reason"]
        if not confirmation.is_money:
            del self.fields["password"]

    def clean_count(self) -> str:
        typed: str = self.cleaned_data["count"].strip().replace(",", "").replace("\u202f", "")
        if typed != str(self._confirmation.planned):
            raise forms.ValidationError(f"{self._confirmation.planned:,} rows will change; you typed “{typed}”.")
        return typed

    def clean_password(self) -> str:
        """The password of the one who is signed in; failures count as failed sign-ins."""
        user = self._request.user
        found = authenticate(self._request, username=user.get_username(), password=self.cleaned_data["password"])
        if found is None or found.pk != user.pk:
            raise forms.ValidationError("That is not your password.")
        return ""


class WhyForm(forms.Form):
    """Why, in a few words."""

    reason = forms.CharField(max_length=500, help_text="Recorded in the audit log.")

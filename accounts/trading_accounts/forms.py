"""Forms of the actions that make accounts from a template, and that put accounts back to a session's open."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from accounts.trading_accounts.inputs import POST_TRADE, NewAccount, SessionToResetTo
from accounts.trading_accounts.provisioning import templates_used
from vendor_admin.amount_fields import WholeNumberField
from vendor_admin.code_words import DRAWDOWN_TYPES
from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.form_fields import form_field
from vendor_admin.operations.kinds import Json, Target, plain
from vendor_admin.tradovate.trading_calendar import session_date

MOST_ACCOUNTS = 1_000


class NewAccountsForm(ActionForm):
    """What new accounts have in common. Subclasses say for whom they are."""

    groups: Sequence[tuple[str, Sequence[str]]] = (
        ("Accounts", ("member", "count", "template", "letters", "first_number", "balance")),
        ("Loss and drawdown (templates carry none)", tuple(POST_TRADE)),
        ("Position limit", ("position_limit",)),
    )

    template = form_field(
        NewAccount,
        "template",
        label="Template account",
        help_text="Its platform id. The platform's support makes templates and tells their ids; they cannot be read.",
    )
    letters = forms.CharField(
        label="Name begins with",
        max_length=40,
        validators=[RegexValidator(r"^[A-Z]+\Z", "Capital letters only.")],
        help_text="Capital letters. The platform takes names of capital letters and then digits.",
    )
    first_number = forms.CharField(
        label="First number",
        max_length=12,
        validators=[RegexValidator(r"^[0-9]+\Z", "Digits only.")],
        initial="00001",
        help_text="The digits after it, counted up for each account: 00001, 00002 and so on.",
    )
    balance = form_field(NewAccount, "balance", label="Initial balance", help_text="")
    daily_loss = form_field(NewAccount, "daily_loss", label="Daily loss: liquidate at", help_text="")
    weekly_loss = form_field(NewAccount, "weekly_loss", label="Weekly loss: liquidate at", help_text="")
    daily_profit = form_field(NewAccount, "daily_profit", label="Daily profit: liquidate at", help_text="")
    drawdown = form_field(NewAccount, "drawdown", label="Trailing drawdown", help_text="")
    drawdown_limit = form_field(
        NewAccount, "drawdown_limit", label="Trailing stops at", help_text="Empty: at the starting balance."
    )
    drawdown_mode = form_field(
        NewAccount,
        "drawdown_mode",
        label="Drawdown type",
        required=True,
        choices=list(DRAWDOWN_TYPES.items()),
        help_text="",
    )
    stays_locked = form_field(
        NewAccount, "stays_locked", label="Keep locked after a breach (manual unlock)", help_text=""
    )
    is_fixed = form_field(NewAccount, "is_fixed", label="Lock settings for the trader", help_text="")
    position_limit = form_field(
        NewAccount, "position_limit", label="At most so many contracts, all products together", help_text=""
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if used := templates_used(organization_id=self.selection.organization_id):
            self.fields["template"].help_text += f" Used last: {', '.join(map(str, used))}."
            self.initial.setdefault("template", used[0])

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if data.get("drawdown_limit") and not data.get("drawdown"):
            self.add_error("drawdown_limit", "Without a trailing drawdown it has no meaning.")
        return data

    def parameters(self) -> Mapping[str, Json]:
        data = self.cleaned_data
        given: dict[str, Json] = {
            "templateAccountId": data["template"],
            "initialBalance": plain(data["balance"]),
            "postTradeRisk": _post_trade_risk(data),
        }
        if data["position_limit"] is not None:
            limit = {"active": True, "totalBy": "Overall", "exposedLimit": data["position_limit"], "parameters": []}
            given["preTradeRisk"] = [limit]
        return given

    def _for(self, user_ids: Sequence[int | None]) -> Sequence[Target]:
        """One account for each of these members, with numbers counted up."""
        letters, first = self.cleaned_data["letters"], self.cleaned_data["first_number"]
        return [
            Target(
                Account.entity_type, None, {"userId": user_id, "name": f"{letters}{int(first) + step:0{len(first)}d}"}
            )
            for step, user_id in enumerate(user_ids)
        ]


class CreateAccountsForm(NewAccountsForm):
    """Accounts of one member."""

    member = form_field(NewAccount, "member", help_text="The platform id of who is to trade them.")
    count = WholeNumberField(label="How many", min_value=1, max_value=MOST_ACCOUNTS, initial=1)

    def clean_member(self) -> int:
        member: int = self.cleaned_data["member"]
        if load(PlatformUser, organization_id=self.selection.organization_id, ids=[member]).get(member) is None:
            raise forms.ValidationError(f"This organization has no member {member}.")
        return member

    def targets(self) -> Sequence[Target]:
        return self._for([self.cleaned_data["member"]] * self.cleaned_data["count"])


class CreateAccountsForMembersForm(NewAccountsForm):
    """An account for each of the chosen members."""

    def targets(self) -> Sequence[Target]:
        return self._for(self.selection.ids)


class ResetAccountsForm(ActionForm):
    """The session whose open the chosen accounts go back to."""

    session = form_field(
        SessionToResetTo,
        "session",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Its trade date: a session begins at 17:00 Central Time on the evening before.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("session", session_date(self.selection.now))

    def parameters(self) -> Mapping[str, Json]:
        return {"tradeDate": self.cleaned_data["session"].isoformat()}


def _post_trade_risk(data: Mapping[str, object]) -> dict[str, Json]:
    """Limits by the platform's names, those that were typed."""
    given = {POST_TRADE[name]: plain(data[name]) for name in POST_TRADE if data[name] not in (None, "", False)}
    if "trailingMaxDrawdown" not in given:
        given.pop("trailingMaxDrawdownMode", None)
    return given

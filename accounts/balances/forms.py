"""Forms of the actions on money: changing balances, and the peak that a trailing drawdown is measured from."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from accounts.balances.adjustment import KEEP_PEAK, PEAK_AT_BALANCE, AdjustmentMethod
from accounts.balances.inputs import BalanceChange
from vendor_admin.code_words import choices_in_words
from vendor_admin.mirrors.models import Account, CashBalance
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.form_fields import amount_field, form_field
from vendor_admin.operations.kinds import Json, Target, plain
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.balances import DEMO_BALANCE_CAP, PARTNER_CASH_CHANGE_TYPES

AN_AMOUNT = "amount"


class ChangeBalancesForm(ActionForm):
    """The same difference for every chosen account, and what becomes of the peak."""

    groups = (
        ("Amount", ("cash_change", "by", "cash_change_type")),
        ("Max net liquidity afterwards", ("peak", "peak_amount")),
    )

    cash_change = form_field(BalanceChange, "change", label="Change")
    by = forms.ChoiceField(
        label="Method",
        widget=forms.RadioSelect,
        initial=AdjustmentMethod.ADJUST_CASH.value,
        choices=(
            (
                AdjustmentMethod.ADJUST_CASH.value,
                "Cash adjustment (ledger entry, below 100,000 each)",
            ),
            (
                AdjustmentMethod.CHANGE_DEMO_BALANCE.value,
                f"Set demo balance (moves max net liquidity; documented up to {DEMO_BALANCE_CAP:,})",
            ),
        ),
    )
    cash_change_type = forms.ChoiceField(
        label="Type", choices=choices_in_words(PARTNER_CASH_CHANGE_TYPES), help_text="For a cash adjustment only."
    )
    peak = forms.ChoiceField(
        label="Max net liquidity",
        required=False,
        choices=(
            ("", "leave it to the platform"),
            (KEEP_PEAK, "set it back to what it is now"),
            (PEAK_AT_BALANCE, "set it to the new balance"),
            (AN_AMOUNT, "set it to the amount below"),
        ),
        help_text="The floor of a trailing drawdown follows the highest value the account ever had. The preview shows "
        "the floor and the room that is left.",
    )
    peak_amount = amount_field(label="Amount", required=False)

    def clean_cash_change(self) -> Decimal:
        change: Decimal = self.cleaned_data["cash_change"]
        if not change:
            raise forms.ValidationError("Zero changes nothing.")
        return change

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        _check_amount(self, data)
        return data

    def targets(self) -> Sequence[Target]:
        """Accounts as chosen, or those of the chosen balances."""
        if self.selection.entity_type == Account.entity_type:
            return super().targets()
        own = {"organization_id": self.selection.organization_id, "environment": Environment.DEMO.value}
        balances = CashBalance.objects.filter(**own, entity_id__in=list(self.selection.ids), deleted_at__isnull=True)
        ids = balances.order_by("entity_id").values_list("account_id", flat=True)
        return [Target(Account.entity_type, id_) for id_ in dict.fromkeys(ids) if id_ is not None]

    def parameters(self) -> Mapping[str, Json]:
        data = self.cleaned_data
        return {
            "cashChange": plain(data["cash_change"]),
            "by": data["by"],
            "cashChangeType": data["cash_change_type"],
            "maxNetLiq": _peak(data),
        }


class SetPeakForm(ActionForm):
    """One peak for every chosen account, or each at its own balance."""

    peak = forms.ChoiceField(
        label="New peak",
        widget=forms.RadioSelect,
        initial=PEAK_AT_BALANCE,
        choices=((PEAK_AT_BALANCE, "what each account holds now"), (AN_AMOUNT, "the amount below")),
    )
    peak_amount = amount_field(label="Amount", required=False)

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        _check_amount(self, data)
        return data

    def parameters(self) -> Mapping[str, Json]:
        return {"maxNetLiq": _peak(self.cleaned_data)}


def _check_amount(form: forms.Form, data: Mapping[str, Any]) -> None:
    """Demand an amount above zero where one is to be set, and none where it would be ignored."""
    amount = data.get("peak_amount")
    if data.get("peak") == AN_AMOUNT:
        if "peak_amount" not in form.errors and (amount is None or amount <= 0):
            form.add_error("peak_amount", "Type an amount above zero.")
    elif amount is not None:
        form.add_error("peak_amount", "Leave this empty, or choose above that the peak is set to it.")


def _peak(data: Mapping[str, object]) -> Json:
    return plain(data["peak_amount"]) if data["peak"] == AN_AMOUNT else data["peak"]

"""The form of the action that asks the platform about an order."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms

from risk.dry_runs.contract_choices import contracts_to_offer
from risk.dry_runs.inputs import OrderToTry, read_orders
from risk.dry_runs.verdicts import TriedOrder, asked_of
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.queries.suggestions import FRONT_MONTH
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.inputs.described import fields_of
from vendor_admin.operations.inputs.form_fields import form_field
from vendor_admin.operations.inputs.suggesting_input import SuggestingInput
from vendor_admin.operations.kinds import Question
from vendor_admin.operations.models import front_months
from vendor_admin.tradovate.operations.trading.dry_run import DRY_RUN

MOST_ACCOUNTS = DRY_RUN.operation.hourly_limit or 0
TOO_MANY = "The platform takes {:,} of these questions an hour. Choose at most that many accounts."


class TryOrderForm(ActionForm):
    """One order, for each of the chosen accounts."""

    contract = form_field(
        OrderToTry,
        "contract",
        widget=SuggestingInput,
        help_text="Its name, as MESZ6, or its platform id. The contracts that the account traded last come first.",
    )
    action = form_field(OrderToTry, "action", label="Side", help_text="")
    quantity = form_field(OrderToTry, "quantity", initial=1, help_text="")
    order_type = form_field(OrderToTry, "order_type", label="Type", initial="Market", help_text="")
    price = form_field(OrderToTry, "price", label="Limit price")
    stop_price = form_field(OrderToTry, "stop_price")

    def __init__(self, *args: object, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.orders: list[TriedOrder] = []
        widget: Any = self.fields["contract"].widget
        widget.offered = self._offered

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if len(self.selection.ids) > MOST_ACCOUNTS:
            raise forms.ValidationError(TOO_MANY.format(MOST_ACCOUNTS))
        if not self.errors:
            self._read(data)
        return data

    def questions(self) -> Sequence[Question]:
        [asked] = asked_of(self.orders)
        return [Question(id_, asked) for id_ in self.selection.ids]

    def _read(self, data: dict[str, object]) -> None:
        given = {name: data[name] for name in fields_of(OrderToTry) if data.get(name) not in (None, "")}
        try:
            self.orders = read_orders([given], organization_id=self.selection.organization_id, now=self.selection.now)
        except InvalidFields as invalid:
            for fault in invalid.faults:
                name = fault.field.rsplit("/", 1)[-1]
                is_shown = name in self.fields
                self.add_error(name if is_shown else None, f"{fault.text[:1].upper()}{fault.text[1:]}")

    def _offered(self) -> Iterable[tuple[str, str]]:
        contracts = contracts_to_offer(
            self.selection.single_id, organization_id=self.selection.organization_id, now=self.selection.now
        )
        fronts = set(front_months(self.selection.organization_id).values())
        for contract in contracts:
            until = f"{contract.expires_at:%d %b %Y}" if contract.expires_at is not None else "unknown"
            mark = f"{FRONT_MONTH}, " if contract.name in fronts else ""
            yield contract.name, f"{mark}expires {until}"

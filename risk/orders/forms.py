"""Forms of the actions on orders and strategies: as chosen, or all that the chosen accounts have."""

from collections.abc import Sequence

from django import forms

from vendor_admin.mirrors.models import Account, Order, OrderStrategy
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.resting_orders import going_strategies, resting_orders
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.kinds import Target
from vendor_admin.tradovate.enums import Environment

DEMO = Environment.DEMO.value


class CancelOrdersForm(ActionForm):
    """Orders as chosen, or every order that rests in the chosen accounts."""

    def targets(self) -> Sequence[Target]:
        if self.selection.entity_type != Account.entity_type:
            return super().targets()
        of_accounts = Order.objects.filter(
            among("account_id", self.selection.ids),
            organization_id=self.selection.organization_id,
            environment=DEMO,
        )
        ids = resting_orders(of_accounts).order_by("entity_id").values_list("entity_id", flat=True)
        return [Target(Order.entity_type, id_) for id_ in ids]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.targets():
            raise forms.ValidationError("No order rests in these accounts: there is nothing to cancel.")
        return data


class InterruptStrategiesForm(ActionForm):
    """Strategies as chosen, or every strategy that goes on in the chosen accounts."""

    def targets(self) -> Sequence[Target]:
        if self.selection.entity_type != Account.entity_type:
            return super().targets()
        of_accounts = OrderStrategy.objects.filter(
            among("account_id", self.selection.ids),
            organization_id=self.selection.organization_id,
            environment=DEMO,
        )
        ids = going_strategies(of_accounts).order_by("entity_id").values_list("entity_id", flat=True)
        return [Target(OrderStrategy.entity_type, id_) for id_ in ids]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.targets():
            raise forms.ValidationError("No strategy goes on in these accounts: there is nothing to interrupt.")
        return data

"""Forms of the actions on what is traded: rows as chosen, or all that the chosen accounts have."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet

from vendor_admin.mirrors.models import Account, Order, OrderStrategy
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.resting_orders import going_strategies, resting_orders
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.kinds import Target
from vendor_admin.tradovate.enums import Environment


class OrAllOfAccountsForm(ActionForm):
    """Rows of a mirror as chosen, or all of them that go on in the chosen accounts (DEMO).

    A subclass names the mirror, says which of its rows go on, and what is said where there are none.
    """

    model: ClassVar[Any]
    nothing: ClassVar[str]

    @staticmethod
    def going_on(rows: QuerySet[Any]) -> QuerySet[Any]:
        """Of these rows those that go on."""
        raise NotImplementedError

    def targets(self) -> Sequence[Target]:
        if self.selection.entity_type != Account.entity_type:
            return super().targets()
        of_accounts = self.model.objects.filter(
            among("account_id", self.selection.ids),
            organization_id=self.selection.organization_id,
            environment=Environment.DEMO.value,
        )
        ids = self.going_on(of_accounts).order_by("entity_id").values_list("entity_id", flat=True)
        return [Target(self.model.entity_type, id_) for id_ in ids]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.targets():
            raise forms.ValidationError(self.nothing)
        return data


class CancelOrdersForm(OrAllOfAccountsForm):
    """Orders as chosen, or every order that rests in the chosen accounts."""

    model = Order
    nothing = "No order rests in these accounts: there is nothing to cancel."
    going_on = staticmethod(resting_orders)


class InterruptStrategiesForm(OrAllOfAccountsForm):
    """Strategies as chosen, or every strategy that goes on in the chosen accounts."""

    model = OrderStrategy
    nothing = "No strategy goes on in these accounts: there is nothing to interrupt."
    going_on = staticmethod(going_strategies)

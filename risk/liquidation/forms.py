"""The form of liquidating positions: as chosen, or all that are open in the chosen accounts."""

from collections.abc import Sequence

from django import forms

from vendor_admin.mirrors.models import Account, Position
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.operations.actions import ActionForm
from vendor_admin.operations.kinds import Target
from vendor_admin.tradovate.enums import Environment


class LiquidatePositionsForm(ActionForm):
    """Positions as chosen, or every open position of the chosen accounts."""

    def targets(self) -> Sequence[Target]:
        if self.selection.entity_type != Account.entity_type:
            return super().targets()
        of_accounts = Position.objects.filter(
            among("account_id", self.selection.ids),
            organization_id=self.selection.organization_id,
            environment=Environment.DEMO.value,
        )
        ids = open_positions(of_accounts).order_by("entity_id").values_list("entity_id", flat=True)
        return [Target(Position.entity_type, id_) for id_ in ids]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if not self.targets():
            raise forms.ValidationError("No position is open in these accounts: there is nothing to liquidate.")
        return data

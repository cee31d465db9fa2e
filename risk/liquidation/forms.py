"""The form of liquidating positions: as chosen, or all that are open in the chosen accounts."""

from risk.orders.forms import OrAllOfAccountsForm
from vendor_admin.mirrors.models import Position
from vendor_admin.mirrors.queries.positions import open_positions


class LiquidatePositionsForm(OrAllOfAccountsForm):
    """Positions as chosen, or every open position of the chosen accounts."""

    model = Position
    nothing = "No position is open in these accounts: there is nothing to liquidate."
    going_on = staticmethod(open_positions)

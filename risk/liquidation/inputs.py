"""What is asked for when positions are to be closed."""

from typing import Annotated, ClassVar

from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import reference
from vendor_admin.operations.inputs.references import ID


class PositionToLiquidate(RowInput, frozen=True, kw_only=True):
    """A position that is closed at the market, with the account's orders in its contract."""

    entity_type: ClassVar[str] = "position"

    position: Annotated[str | int, reference(ID, "Platform id of the position.", example="7900031", is_subject=True)]

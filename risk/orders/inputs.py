"""What is asked for when orders are to be cancelled or strategies interrupted."""

from typing import Annotated, ClassVar

from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import reference
from vendor_admin.operations.inputs.references import ID


class OrderToCancel(RowInput, frozen=True, kw_only=True):
    """An order that is cancelled. What was filled of it stays."""

    entity_type: ClassVar[str] = "order"

    order: Annotated[str | int, reference(ID, "Platform id of the order.", example="7700011", is_subject=True)]


class StrategyToInterrupt(RowInput, frozen=True, kw_only=True):
    """A strategy that ends, with its resting orders. The position that it opened stays."""

    entity_type: ClassVar[str] = "orderStrategy"

    order_strategy: Annotated[
        str | int, reference(ID, "Platform id of the order strategy.", example="7800021", is_subject=True)
    ]

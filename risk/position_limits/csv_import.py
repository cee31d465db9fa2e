"""New position limits from a CSV file: every faulty line with its reasons, and targets of the good ones."""

from collections.abc import Sequence
from datetime import datetime

from risk.position_limits.inputs import NewPositionLimit
from vendor_admin.operations.inputs.csv_rows import Line, RowCsv


class PositionLimitCsv(RowCsv):
    """The format of files that add position limits. An account may have several."""

    row = NewPositionLimit

    def check(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        """Every line of such a file says how much may be held."""
        for line in lines:
            if not any(name.endswith("_limit") for name in line.given):
                line.faults.setdefault("exposed_limit", "is missing: name one of the limits.")

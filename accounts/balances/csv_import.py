"""Changes of balances, from a CSV file: every faulty line with its reasons, and targets of the good ones.

A dry run by nature: nothing is stored or sent. The targets are previewed as a plan of ChangeBalances.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from accounts.balances.adjustment import BalanceAdjustment
from accounts.balances.inputs import BalanceChange
from vendor_admin.errors import InvalidFields
from vendor_admin.operations.csv_files import fault_twice
from vendor_admin.operations.inputs.csv_rows import Line, RowCsv
from vendor_admin.operations.kinds import Json
from vendor_admin.tradovate.errors import InvalidRequest

_COLUMN_OF = {"cashChange": "change", "cashChangeType": "type", "maxNetLiq": "peak"}
_ANY_ACCOUNT, _ANY_REASON = 1, "-"


class BalanceCsv(RowCsv):
    """The format of files that change balances."""

    row = BalanceChange

    def check_targets(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        for line in lines:
            for target in line.targets:
                for column, text in _refusals(target.wanted, now=now):
                    line.faults.setdefault(column, text)
        accounts = [(line.row.line, target.entity_id, line.faults) for line in lines for target in line.targets]
        fault_twice(accounts, column="account")


def _refusals(wanted: Mapping[str, Json], *, now: datetime) -> list[tuple[str, str]]:
    """(column, text) of what the platform would refuse."""
    try:
        adjustment = BalanceAdjustment.read({}, wanted)
    except InvalidFields as invalid:
        return [(_COLUMN_OF.get(fault.field, "change"), fault.text) for fault in invalid.faults]
    write, request = adjustment.request(account_id=_ANY_ACCOUNT, reason=_ANY_REASON)
    try:
        write.validate(request, now=now)
    except InvalidRequest as invalid:
        return [(_COLUMN_OF.get(fault.field, ""), f"{fault.text}.") for fault in invalid.faults]
    return []

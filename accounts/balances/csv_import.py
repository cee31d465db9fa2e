"""Changes of balances, from a CSV file: every faulty line with its reasons, and targets of the good ones.

A dry run by nature: nothing is stored or sent. The targets are previewed as a plan of ChangeBalances.
"""

from collections.abc import Sequence
from datetime import datetime

from accounts.balances.adjustment import KEEP_PEAK, PEAK_AT_BALANCE, AdjustmentMethod, BalanceAdjustment
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.names import AccountNames
from vendor_admin.operations.csv_files import CsvColumn, CsvFault, CsvReading, CsvRow, fault_twice
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.balances import PARTNER_CASH_CHANGE_TYPES

COLUMNS: Sequence[CsvColumn] = (
    CsvColumn("account", "By name or platform id; each account once", "EVAL00001"),
    CsvColumn("change", "A difference: 250 adds, -250 takes away. In the account's currency", "-250.00"),
    CsvColumn(
        "by",
        f"{' or '.join(AdjustmentMethod)}; empty: {AdjustmentMethod.ADJUST_CASH}",
        "",
        is_required=False,
    ),
    CsvColumn(
        "type",
        f"For {AdjustmentMethod.ADJUST_CASH}: {', '.join(PARTNER_CASH_CHANGE_TYPES)}; empty: the first",
        PARTNER_CASH_CHANGE_TYPES[0],
        is_required=False,
    ),
    CsvColumn(
        "peak",
        f"Max net liquidity afterwards: an amount, {KEEP_PEAK} (as it is now), {PEAK_AT_BALANCE} (the new balance); "
        "empty: left to the platform",
        "",
        is_required=False,
    ),
)
_COLUMN_OF = {"cashChange": "change", "cashChangeType": "type", "maxNetLiq": "peak"}
_ANY_ACCOUNT, _ANY_REASON = 1, "-"


class BalanceCsv:
    """The format of files that change balances."""

    columns = COLUMNS

    def read(self, rows: Sequence[CsvRow], *, organization_id: int, now: datetime) -> CsvReading:
        accounts = AccountNames((row["account"] for row in rows), organization_id=organization_id)
        lines = [_line(row, accounts, now=now) for row in rows]
        fault_twice([(row.line, id_, faults) for row, id_, _, faults in lines], column="account")
        return CsvReading(
            targets=[Target(Account.entity_type, id_, wanted) for _, id_, wanted, faults in lines if not faults],
            faults=[CsvFault(row.line, column, text) for row, *_, faults in lines for column, text in faults.items()],
        )


def _line(
    row: CsvRow, accounts: AccountNames, *, now: datetime
) -> tuple[CsvRow, int | None, dict[str, Json], dict[str, str]]:
    """The row, the account's id, what is wanted of it, and the first fault of each column."""
    faults: dict[str, str] = {}
    account_id = None
    try:
        account_id = accounts.find(row["account"])
    except InvalidFields as invalid:
        faults["account"] = invalid.text
    by = next((one for one in AdjustmentMethod if one.casefold() == row["by"].casefold()), None)
    if row["by"] and by is None:
        faults["by"] = f"is neither {AdjustmentMethod.ADJUST_CASH} nor {AdjustmentMethod.CHANGE_DEMO_BALANCE}."
    if not row["change"]:
        faults["change"] = "is missing."
    wanted: dict[str, Json] = {
        "cashChange": row["change"],
        "by": (by or AdjustmentMethod.ADJUST_CASH).value,
        "cashChangeType": row["type"] or PARTNER_CASH_CHANGE_TYPES[0],
        "maxNetLiq": row["peak"].lower(),
    }
    if "change" not in faults:
        for column, text in _refusals(wanted, now=now):
            faults.setdefault(column, text)
    return row, account_id, wanted, faults


def _refusals(wanted: dict[str, Json], *, now: datetime) -> list[tuple[str, str]]:
    """(column, text) of what cannot be asked for."""
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

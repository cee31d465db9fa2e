"""Accounts to be made, from a CSV file: every faulty line with its reasons, and targets of the good ones.

A dry run by nature: nothing is stored or sent. The targets are previewed as a plan of CreateAccounts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accounts.trading_accounts.provisioning import DEMO
from vendor_admin.amounts import NotANumber, read_amount, read_whole
from vendor_admin.errors import InvalidFields
from vendor_admin.mirrors.models import Account
from vendor_admin.mirrors.queries.names import MemberNames
from vendor_admin.operations.csv_files import CsvColumn, CsvFault, CsvReading, CsvRow, fault_twice
from vendor_admin.operations.kinds import Json, Target, plain
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.evaluation_accounts import CREATE_EVALUATION_ACCOUNTS

RISK_COLUMNS: Mapping[str, str] = {
    "daily_loss": "dailyLossAutoLiq",
    "weekly_loss": "weeklyLossAutoLiq",
    "daily_profit": "dailyProfitAutoLiq",
    "drawdown": "trailingMaxDrawdown",
    "drawdown_limit": "trailingMaxDrawdownLimit",
}
"""Columns with an amount, and the platform's name of each."""
MODES: Mapping[str, str] = {"end of day": "EOD", "eod": "EOD", "real time": "RealTime", "realtime": "RealTime"}
YES, NO = ("yes", "true", "1"), ("no", "false", "0")
COLUMNS: Sequence[CsvColumn] = (
    CsvColumn("name", "Capital letters, then digits, at most 64; no account has it yet", "EVAL00001"),
    CsvColumn("member", "Who trades it: platform id, user name or e-mail", "JANE_1001"),
    CsvColumn("template", "Platform id of the template account, as the platform's support told it", "1000001"),
    CsvColumn("balance", "The balance it begins with", "50000"),
    CsvColumn("daily_loss", "Daily loss to liquidate at; templates carry none", "1000", is_required=False),
    CsvColumn("weekly_loss", "Weekly loss to liquidate at", "", is_required=False),
    CsvColumn("daily_profit", "Daily profit to liquidate at", "", is_required=False),
    CsvColumn("drawdown", "Trailing drawdown; templates carry none", "2500", is_required=False),
    CsvColumn("drawdown_limit", "Where the trailing stops; empty: at the starting balance", "50000", is_required=False),
    CsvColumn("drawdown_mode", "end of day or real time; empty: end of day", "end of day", is_required=False),
    CsvColumn("stays_locked", "yes: locked after a limit acted, until staff unlock it", "yes", is_required=False),
    CsvColumn("is_fixed", "yes: lock the settings for the trader", "yes", is_required=False),
    CsvColumn("position_limit", "At most so many contracts, all products together", "5", is_required=False),
)
_COLUMN_OF = {
    "name": "name",
    "userId": "member",
    "templateAccountId": "template",
    "initialBalance": "balance",
    "exposedLimit": "position_limit",
    "trailingMaxDrawdownMode": "drawdown_mode",
    **{theirs: column for column, theirs in RISK_COLUMNS.items()},
}


class AccountCsv:
    """The format of files of new accounts."""

    columns = COLUMNS

    def read(self, rows: Sequence[CsvRow], *, organization_id: int, now: datetime) -> CsvReading:
        members = MemberNames((row["member"] for row in rows), organization_id=organization_id)
        taken = _taken((row["name"] for row in rows), organization_id=organization_id)
        lines = [_line(row, members) for row in rows]
        for one in lines:
            _check(one, now=now)
            if one.row["name"] in taken:
                one.faults.setdefault("name", "is the name of an account that exists already.")
        fault_twice([(one.row.line, one.row["name"], one.faults) for one in lines], column="name")
        return CsvReading(
            targets=[_target(one) for one in lines if not one.faults],
            faults=[CsvFault(one.row.line, column, text) for one in lines for column, text in one.faults.items()],
        )


@dataclass(slots=True)
class _Line:
    """One line on its way: what is asked for, and the first fault of each column."""

    row: CsvRow
    asked: dict[str, Json] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def _taken(names: Iterable[str], *, organization_id: int) -> set[str | None]:
    own = Account.objects.filter(organization_id=organization_id, environment=DEMO, deleted_at__isnull=True)
    return set(own.filter(name__in=list(names)).values_list("name", flat=True))


def _line(row: CsvRow, members: MemberNames) -> _Line:
    line = _Line(row)
    line.asked["name"] = row["name"]
    try:
        line.asked["userId"] = members.find(row["member"])
    except InvalidFields as invalid:
        line.faults["member"] = invalid.text
    line.asked["templateAccountId"] = _whole(line, "template")
    line.asked["initialBalance"] = _amount(line, "balance")
    risk: dict[str, Json] = {theirs: _amount(line, column) for column, theirs in RISK_COLUMNS.items() if row[column]}
    if risk.get("trailingMaxDrawdown"):
        risk["trailingMaxDrawdownMode"] = _mode(line)
    elif row["drawdown_limit"]:
        line.faults.setdefault("drawdown_limit", "has no meaning without a trailing drawdown.")
    risk |= {
        theirs: True
        for column, theirs in (("stays_locked", "doNotUnlock"), ("is_fixed", "changesLocked"))
        if _says_yes(line, column)
    }
    line.asked["postTradeRisk"] = risk
    if row["position_limit"]:
        limit = _whole(line, "position_limit")
        line.asked["preTradeRisk"] = [{"active": True, "totalBy": "Overall", "exposedLimit": limit, "parameters": []}]
    return line


def _check(line: _Line, *, now: datetime) -> None:
    """Add what the catalogue knows to be refused, for columns that have no fault yet."""
    if not line.row["name"]:
        line.faults.setdefault("name", "is missing.")
    asked = {name: value for name, value in line.asked.items() if value is not None}
    try:
        CREATE_EVALUATION_ACCOUNTS.read({"accounts": [{"userId": 1, "templateAccountId": 1, **asked}]}, now=now)
    except InvalidRequest as invalid:
        for fault in invalid.faults:
            column = _COLUMN_OF.get(fault.field.rsplit(".", 1)[-1].partition("[")[0], "")
            if column not in line.faults and not (column == "" and line.faults):
                line.faults[column] = f"{fault.text}."


def _target(line: _Line) -> Target:
    return Target(Account.entity_type, None, line.asked, label=f"line {line.row.line}: {line.row['name']}")


def _amount(line: _Line, column: str) -> Json:
    """The amount of a column as the plan keeps it; None with a fault where it is none."""
    try:
        return plain(read_amount(line.row[column]))
    except NotANumber as refused:
        line.faults.setdefault(column, str(refused) if line.row[column] else "is missing.")
        return None


def _whole(line: _Line, column: str) -> int | None:
    try:
        return read_whole(line.row[column])
    except NotANumber as refused:
        line.faults.setdefault(column, str(refused) if line.row[column] else "is missing.")
        return None


def _mode(line: _Line) -> str:
    mode = MODES.get(line.row["drawdown_mode"].casefold() or "eod")
    if mode is None:
        line.faults.setdefault("drawdown_mode", "is neither “end of day” nor “real time”.")
    return mode or "EOD"


def _says_yes(line: _Line, column: str) -> bool:
    word = line.row[column].casefold()
    if word and word not in (*YES, *NO):
        line.faults.setdefault(column, "is neither yes nor no.")
    return word in YES

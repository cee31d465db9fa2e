"""Members to be made, from a CSV file: every faulty line with its reasons, and targets of the good ones.

A dry run by nature: nothing is stored or sent. The targets are previewed as a plan of CreateMembers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.in_force import LIVE
from accounts.members.creation import ENTITLEMENTS, PLAN, Offer, evaluation_user, offer_of
from accounts.members.passwords import password_fault
from accounts.members.uniqueness import Taken, taken_of
from vendor_admin.mirrors.models import Entitlement, TradovateSubscriptionPlan
from vendor_admin.operations.csv_files import (
    CsvColumn,
    CsvFault,
    CsvReading,
    CsvRow,
    fault_twice,
    rows_of_file,
    template_of,
)
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.evaluation_users import CREATE_EVALUATION_USERS, CreateEvaluationUsers

COLUMNS: Sequence[CsvColumn] = (
    CsvColumn("name", "User name, 3 to 64 characters; nobody at the platform has it yet", "JANE_1001"),
    CsvColumn("email", "Where the platform's invitation goes, at most 64 characters", "jane@example.com"),
    CsvColumn("password", "8 to 64 characters; not a known-leaked password", "7 quiet herons"),
    CsvColumn("first_name", "Together with the last name at most 60 characters", "Jane"),
    CsvColumn("last_name", "", "Doe"),
    CsvColumn("plan", "Membership plan, by name or platform id", "", is_required=False),
    CsvColumn(
        "entitlements", "By name or platform id, several with a vertical bar between; no Sim+", "", is_required=False
    ),
)
_COLUMN_OF = {
    "name": "name",
    "email": "email",
    "password": "password",
    "firstName": "first_name",
    "lastName": "last_name",
    PLAN: "plan",
    ENTITLEMENTS: "entitlements",
}


def read_members(data: bytes, *, organization_id: int, now: datetime) -> CsvReading:
    """Read a whole file: targets of its good lines, and the faults of all others by line. A constant number of queries.

    Raises InvalidFields, in words, where it is no CSV with these columns. Must run inside the organization's scope.
    """
    rows, faults = rows_of_file(data, columns=COLUMNS)
    reading = MemberCsv().read(rows, organization_id=organization_id, now=now)
    return CsvReading(reading.targets, sorted([*faults, *reading.faults], key=lambda fault: fault.line))


def member_template() -> str:
    """A file to start from."""
    return template_of(COLUMNS)


class MemberCsv:
    """The format of files of new members."""

    columns = COLUMNS

    def read(self, rows: Sequence[CsvRow], *, organization_id: int, now: datetime) -> CsvReading:
        catalog = _Catalog(organization_id=organization_id)
        lines = [_line(row, catalog) for row in rows]
        taken = taken_of(
            names=[one.row["name"] for one in lines],
            emails=[one.row["email"] for one in lines],
            organization_id=organization_id,
        )
        offer = offer_of([one.target for one in lines], organization_id=organization_id, now=now)
        for one in lines:
            _find_faults(one, taken, offer, now=now)
        for column in ("name", "email"):
            words = [(one.row.line, taken.folded.get(one.row[column]), one.faults) for one in lines]
            fault_twice(words, column=column)
        return CsvReading(
            targets=[one.target for one in lines if not one.faults],
            faults=[CsvFault(one.row.line, column, text) for one in lines for column, text in one.faults.items()],
        )


@dataclass(slots=True)
class _Line:
    """One line on its way: `faults` holds the first one of each column."""

    row: CsvRow
    target: Target
    faults: dict[str, str] = field(default_factory=dict)


class _Catalog:
    """Ids of the plans and entitlements that a file may name. Two queries."""

    def __init__(self, *, organization_id: int) -> None:
        self.plans = _ids_by_name(TradovateSubscriptionPlan, organization_id=organization_id)
        self.entitlements = _ids_by_name(Entitlement, organization_id=organization_id)


def _ids_by_name(model: Any, *, organization_id: int) -> dict[str, int]:
    rows = model.objects.filter(organization_id=organization_id, environment=LIVE, deleted_at__isnull=True)
    found: dict[str, int] = {}
    for entity_id, name, title in rows.order_by("-entity_id").values_list("entity_id", "name", "title"):
        found |= {str(word).casefold(): entity_id for word in (title, name, entity_id) if word}
    return found


def _line(row: CsvRow, catalog: _Catalog) -> _Line:
    wanted: dict[str, Json] = {
        "name": row["name"],
        "email": row["email"],
        "firstName": row["first_name"],
        "lastName": row["last_name"],
    }
    faults = {}
    if row["plan"]:
        plan_id = catalog.plans.get(row["plan"].casefold())
        if plan_id is None:
            faults["plan"] = f"is an unknown membership plan: {row['plan'][:64]}."
        wanted[PLAN] = plan_id
    words = [word.strip() for word in row["entitlements"].split("|") if word.strip()]
    if words:
        ids = [catalog.entitlements.get(word.casefold()) for word in words]
        unknown = [word[:64] for word, id_ in zip(words, ids, strict=True) if id_ is None]
        if unknown:
            faults["entitlements"] = f"names no entitlement of the platform: {', '.join(unknown)}."
        wanted[ENTITLEMENTS] = [one for one in ids if one is not None]
    given = {name: value for name, value in wanted.items() if value is not None}
    label = f"line {row.line}: {row['name']} <{row['email']}>"
    return _Line(row, Target("user", None, given, {"password": row["password"]}, label=label), faults)


def _find_faults(line: _Line, taken: Taken, offer: Offer, *, now: datetime) -> None:
    for path, text in _refusals(line.target.wanted, line.target.secrets, now=now):
        line.faults.setdefault(_COLUMN_OF.get(path, ""), f"{text}.")
    name, email = line.row["name"], line.row["email"]
    if fault := password_fault(line.row["password"], name=name, email=email):
        line.faults.setdefault("password", f"{fault}.")
    if taken.why_not(name=name):
        line.faults.setdefault("name", "is the name of a member that exists already.")
    if taken.why_not(email=email):
        line.faults.setdefault("email", "is the address of a member that exists already.")
    if why := offer.why_not({PLAN: line.target.wanted.get(PLAN)}):
        line.faults.setdefault("plan", f"cannot be given: {why}")
    if why := offer.why_not({ENTITLEMENTS: line.target.wanted.get(ENTITLEMENTS)}):
        line.faults.setdefault("entitlements", f"cannot be given: {why}")


def _refusals(wanted: Mapping[str, Json], secrets: Mapping[str, Json], *, now: datetime) -> list[tuple[str, str]]:
    """(field, text) of every fault that the catalogue knows."""
    try:
        CREATE_EVALUATION_USERS.validate(CreateEvaluationUsers(users=(evaluation_user(wanted, secrets),)), now=now)
    except InvalidRequest as invalid:
        return [
            (fault.field.removeprefix("users[0]").strip(".").partition("[")[0], fault.text) for fault in invalid.faults
        ]
    return []

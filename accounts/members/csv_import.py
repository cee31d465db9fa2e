"""Members to be made, from a CSV file: every faulty line with its reasons, and targets of the good ones.

A dry run by nature: nothing is stored or sent. The targets are previewed as a plan of CreateMembers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from accounts.members.creation import ENTITLEMENTS, PLAN, offer_of
from accounts.members.inputs import NewMember
from accounts.members.passwords import password_fault
from accounts.members.uniqueness import taken_of
from vendor_admin.operations.csv_files import fault_twice
from vendor_admin.operations.inputs.csv_rows import Line, RowCsv
from vendor_admin.operations.kinds import Target


class MemberCsv(RowCsv):
    """The format of files of new members."""

    row = NewMember

    def check(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        taken = taken_of(
            names=[line.row["name"] for line in lines],
            emails=[line.row["email"] for line in lines],
            organization_id=organization_id,
        )
        for line in lines:
            name, email = line.row["name"], line.row["email"]
            if fault := password_fault(line.row["password"], name=name, email=email):
                line.faults.setdefault("password", f"{fault}.")
            if taken.why_not(name=name):
                line.faults.setdefault("name", "is the name of a member that exists already.")
            if taken.why_not(email=email):
                line.faults.setdefault("email", "is the address of a member that exists already.")
        for column in ("name", "email"):
            words = [(line.row.line, taken.folded.get(line.row[column]), line.faults) for line in lines]
            fault_twice(words, column=column)

    def labelled(self, target: Target, line: Line) -> Target:
        return replace(target, label=f"line {line.row.line}: {line.row['name']} <{line.row['email']}>")

    def check_targets(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        targets = [target for line in lines for target in line.targets]
        offer = offer_of(targets, organization_id=organization_id, now=now)
        for line in lines:
            for target in line.targets:
                for column, name in (("plan", PLAN), ("entitlements", ENTITLEMENTS)):
                    if why := offer.why_not({name: target.wanted.get(name)}):
                        line.faults.setdefault(column, f"cannot be given: {why}")

"""Accounts to be made, from a CSV file: every faulty line with its reasons, and targets of the good ones.

A dry run by nature: nothing is stored or sent. The targets are previewed as a plan of CreateAccounts.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from accounts.trading_accounts.inputs import NewAccount
from accounts.trading_accounts.provisioning import DEMO
from vendor_admin.mirrors.models import Account
from vendor_admin.operations.csv_files import fault_twice
from vendor_admin.operations.inputs.csv_rows import Line, RowCsv
from vendor_admin.operations.kinds import Target


class AccountCsv(RowCsv):
    """The format of files of new accounts."""

    row = NewAccount

    def check(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        own = Account.objects.filter(organization_id=organization_id, environment=DEMO, deleted_at__isnull=True)
        taken = set(own.filter(name__in=[line.row["name"] for line in lines]).values_list("name", flat=True))
        for line in lines:
            if line.row["name"] in taken:
                line.faults.setdefault("name", "is the name of an account that exists already.")
        fault_twice([(line.row.line, line.row["name"], line.faults) for line in lines], column="name")

    def labelled(self, target: Target, line: Line) -> Target:
        return replace(target, label=f"line {line.row.line}: {line.row['name']}")

"""Budgets over threads and processes: what they commit must be seen by all."""

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

from django.db import connection

from tests.support.database import ROOT
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import Budget


def most_in_any_window(moments: list[datetime], *, window: timedelta) -> int:
    """The highest count in any half-open window; it is enough to look at windows that begin with a use."""
    return max(sum(start <= moment < start + window for moment in moments) for start in moments)


def test_threads_that_share_a_budget_never_exceed_it_in_any_window(committed_db, settings):
    settings.BUDGET_WINDOW_SECONDS = 1.0
    stop_at = datetime.now(UTC) + timedelta(seconds=2.5)
    granted: list[datetime] = []

    def draw() -> None:
        while (now := datetime.now(UTC)) < stop_at:
            if budgets.take(budget=Budget(name="shared", limit=7), subject="platform.example", now=now) == 0.0:
                granted.append(now)
        connection.close()

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) >= 14  # the budget is used, not only kept
    assert most_in_any_window(granted, window=budgets.one_window()) == 7


PROCESS = """
import os, sys
import django
django.setup()
from datetime import UTC, datetime, timedelta
from vendor_admin.organizations.platform_access import budgets
stop_at = datetime.now(UTC) + timedelta(seconds=2.5)
while (now := datetime.now(UTC)) < stop_at:
    if budgets.take(budget=budgets.Budget(name="shared", limit=7), subject="platform.example", now=now) == 0.0:
        print(now.isoformat())
"""


def test_processes_that_share_a_budget_never_exceed_it_in_any_window(committed_db, child_environment):
    environment = child_environment | {"BUDGET_WINDOW_SECONDS": "1.0"}
    children = [
        subprocess.Popen([sys.executable, "-c", PROCESS], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    printed = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0, 0, 0]
    granted = [datetime.fromisoformat(line) for lines in printed for line in lines.split()]
    assert len(granted) >= 7
    assert most_in_any_window(granted, window=timedelta(seconds=1)) == 7

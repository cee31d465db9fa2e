"""Exports and large plans, in a process of its own, whose memory is looked at.

Run as `python -m benchmarks.scale.step_process`. Commands, each for an `organization`: `export` (`address`, the `most`
rows to read), and `plan` over so many `accounts`. The answer has what was measured of each step.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import django

django.setup()

from django.db import connection, connections  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks.goals.operations import BALANCE_PLAN  # noqa: E402
from benchmarks.installation import sign_in_owner  # noqa: E402
from benchmarks.measuring import cpu_seconds, forget_peak, peak_bytes  # noqa: E402
from benchmarks.plans import NO_SECOND_PERSON  # noqa: E402
from benchmarks.scale.asking import Queries, ask  # noqa: E402
from benchmarks.scale.measured import Measured  # noqa: E402
from benchmarks.scale.mirror_rows import ACCOUNTS  # noqa: E402
from benchmarks.scale.visits import Visit  # noqa: E402
from vendor_admin.garbage import collect_garbage_seldom  # noqa: E402
from vendor_admin.operations.kinds import Target  # noqa: E402
from vendor_admin.operations.models import ApprovalRule, Plan, PlanRow  # noqa: E402
from vendor_admin.operations.plan_work import held_plans  # noqa: E402
from vendor_admin.operations.plans import verbs as plans  # noqa: E402
from vendor_admin.organizations.actors import Actor  # noqa: E402
from vendor_admin.organizations.models import Organization  # noqa: E402
from vendor_admin.organizations.tenancy.scope import organization_scope  # noqa: E402

ACTOR = Actor.system("bench")
PAGES = 3


class Steps:
    """Measures steps in one organization. Memory counts above what the process had before the first of them."""

    def __init__(self, organization_id: int) -> None:
        self._organization = Organization.objects.get(pk=organization_id)
        self._client = sign_in_owner(organization_id, name=f"steps-{organization_id}-{uuid4().hex}")
        gc.collect()
        collect_garbage_seldom()
        self._base_bytes = forget_peak(os.getpid())

    def export(self, *, name: str, address: str, most: int) -> Iterator[Measured]:
        """The CSV of a list as it is streamed, and the time until its first rows."""
        with self._measured("export", how=name) as measured:
            answer: Any = self._client.get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
            measured.rows = _read(answer.streaming_content, most=most)
            answer.close()
        yield measured

    def plan(self, *, accounts: int) -> Iterator[Measured]:
        """Preview, confirm, start and cancel a plan that changes balances: what is asked, and what workers do then."""
        with organization_scope(self._organization.pk):
            ApprovalRule.objects.update_or_create(organization=self._organization, defaults=NO_SECOND_PERSON)
        with self._measured("preview, asked for", accounts) as measured:
            plan = self._preview(accounts)
        yield measured
        with self._measured("preview, by a worker", accounts) as measured:
            self._work(plan)
        yield measured
        self._require(plan, Plan.State.PREVIEW, PlanRow.State.PLANNED, accounts)
        yield self._page(plan, "plan page, previewed")
        with self._measured("confirm, asked for", accounts) as measured, organization_scope(plan.organization_id):
            plans.confirm(plan=plan, actor=ACTOR, now=timezone.now())
        yield measured
        with self._measured("start, by a worker", accounts) as measured:
            self._work(plan)
        yield measured
        self._require(plan, Plan.State.RUNNING, PlanRow.State.QUEUED, accounts)
        yield self._page(plan, "plan page, running")
        with self._measured("cancel, asked for", accounts) as measured, organization_scope(plan.organization_id):
            plans.cancel(plan=plan, actor=ACTOR, now=timezone.now())
        yield measured
        with self._measured("cancel, by a worker", accounts) as measured:
            self._work(plan)
        yield measured
        self._require(plan, Plan.State.CANCELLED, PlanRow.State.CANCELLED, accounts)

    @contextmanager
    def _measured(self, of: str, rows: int = 0, *, how: str = "") -> Iterator[Measured]:
        measured, queries = Measured(of, how, rows=rows), Queries()
        forget_peak(os.getpid())
        connection.ensure_connection()
        pids = (os.getpid(), connection.connection.info.backend_pid)
        spent, started = cpu_seconds(pids), time.perf_counter()
        with connection.execute_wrapper(queries):
            yield measured
        measured.times.append((time.perf_counter() - started) * 1000)
        measured.database_times.append(queries.seconds * 1000)
        measured.cpu_ms = (cpu_seconds(pids) - spent) * 1000
        measured.queries = queries.count
        measured.grown_bytes = max(peak_bytes(os.getpid()) - self._base_bytes, 0)

    def _preview(self, accounts: int) -> Plan:
        targets = [Target("account", ACCOUNTS + n, {"cashChange": "100.00"}) for n in range(1, accounts + 1)]
        with organization_scope(self._organization.pk):
            return plans.preview(
                organization=self._organization,
                kind_name="change_balances",
                targets=targets,
                parameters=BALANCE_PLAN,
                actor=ACTOR,
                reason="bench",
                now=timezone.now(),
            )

    def _work(self, plan: Plan) -> None:
        held_plans.check(organization_id=plan.organization_id, plan_id=plan.pk)

    def _page(self, plan: Plan, of: str) -> Measured:
        address = reverse("admin:operations_plan_change", args=[plan.pk])
        return ask(self._client, Visit(of, "", address), requests=PAGES)

    def _require(self, plan: Plan, state: str, row_state: str, accounts: int) -> None:
        """Closed and archived accounts are skipped, no others."""
        with organization_scope(plan.organization_id):
            plan.refresh_from_db()
            rows = plan.rows.filter(state=row_state).count()
        if plan.state != state or rows < accounts * 0.9:
            raise RuntimeError(f"the plan is {plan.state} with {rows:,} rows {row_state}: {plan.wait_why}")


def _read(lines: Iterator[bytes], *, most: int) -> int:
    """How many rows there are behind the headings; no more than `most` are read."""
    count = -1
    for _ in lines:
        count += 1
        if count >= most:
            break
    return count


def _main() -> None:
    for line in sys.stdin:
        match json.loads(line):
            case {"do": "export", "organization": organization, "name": name, "address": address, "most": most}:
                found = Steps(organization).export(name=name, address=address, most=most)
            case {"do": "plan", "organization": organization, "accounts": accounts}:
                found = Steps(organization).plan(accounts=accounts)
            case other:
                raise ValueError(f"unknown: {other}")
        print(json.dumps({"steps": [asdict(one) for one in found]}), flush=True)
        connections.close_all()


if __name__ == "__main__":
    _main()

"""An account of the simulated platform, and what is asked about orders of it."""

from typing import Any

from django.utils import timezone

from risk.dry_runs.dry_run import request_dry_run, verdicts
from risk.dry_runs.verdicts import TriedOrder, Verdict
from tests.support.scene import Scene
from vendor_admin.operations.models import ReadJob
from vendor_admin.operations.read_jobs.work import read
from vendor_admin.organizations.actors import Actor
from vendor_admin.tradovate.operations.trading.dry_run import DryRunOrder


class Trial:
    """An account of the scene, and what is asked about orders of it in a contract at 4,000 points."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        scene.sandbox.control("market/hours", always_open=True)
        scene.sandbox.control("market/pause")
        quotes = scene.sandbox.view("market/quotes")
        self.contract = next(one for one in quotes if one["contract"].startswith("MES"))
        scene.sandbox.control("market/price", contract=self.contract["contract"], price=4_000)
        [self.account_id] = scene.account_ids(1)

    def order(self, action: str = "Buy", quantity: int = 1, order_type: str = "Market", **prices: Any) -> TriedOrder:
        request = DryRunOrder(
            contract_id=self.contract["contractId"],
            action=action,  # type: ignore[arg-type]
            order_qty=quantity,
            order_type=order_type,  # type: ignore[arg-type]
            **prices,
        )
        return TriedOrder(self.contract["contract"], request)

    def ask(self, *orders: TriedOrder) -> ReadJob:
        with self.scene.scope():
            return request_dry_run(
                organization=self.scene.organization,
                account_id=self.account_id,
                orders=orders,
                actor=Actor.staff(self.scene.actor),
                now=timezone.now(),
            )

    def judge(self, *orders: TriedOrder) -> list[Verdict]:
        job = self.ask(*orders)
        read(organization_id=self.scene.organization.pk, job_id=job.pk, seconds=20)
        with self.scene.scope():
            return verdicts(job)

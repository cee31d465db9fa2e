"""The simulated platform in this process, and mirrors that are written as it changes: plans without any network."""

import json
import time
from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec
import psycopg
from django.utils import timezone

from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.operations.kinds import Call, PlanKind, PlanRequest, RowDraft, Target, kind_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans.preview import rows_of
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.world.state import Change, Record
from vendor_admin.sandbox.writes.performing import Attempt, Writes
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.outcomes import Rejected, Success

DEMO = Environment.DEMO
MIRRORED = (
    "account", "cashBalance", "accountRiskStatus", "userAccountAutoLiq", "userAccountPositionLimit",
    "userAccountRiskParameter", "position", "tradingPermission",
)  # fmt: skip
_encoder = msgspec.json.Encoder(decimal_format="number")


class MirroredPlatform:
    """One vendor at DEMO. Plans are previewed and carried out here one call after another, without being stored."""

    def __init__(self, connection: psycopg.Connection, *, seed: int = 7, accounts_per_user: int = 2) -> None:
        self._connection = connection
        self.organization = Organization.objects.create(slug="vendor", name="Vendor", is_simulated=True)
        built = Configuration(seed=seed, organizations=1, users=8, accounts_per_user=accounts_per_user)
        self._platform = Platform(built)
        (self._vendor,) = self._platform.world.organizations.values()
        self.writes = Writes(
            self._platform.world,
            built,
            ledger=self._platform.ledger,
            limits=self._platform.limits,
            members=self._platform.oauth.members,
            exchange=self._platform.exchange,
            publish=self._publish,
        )
        self._seq = 0
        for entity_type in MIRRORED:
            for entity in self.held(entity_type).values():
                self._mirror(entity_type, entity)

    def held(self, entity_type: str) -> dict[int, dict[str, Any]]:
        """What the platform holds now, by id."""
        records: Iterable[Record] = self._platform.world.book(DEMO, self._vendor.id).all(entity_type)
        return {record.entity["id"]: record.entity for record in records}

    def preview(
        self, kind: PlanKind, targets: list[Target], parameters: dict[str, Any] | None = None
    ) -> list[RowDraft]:
        """What a plan would say."""
        asked = PlanRequest(self.organization.pk, targets, parameters or {}, timezone.now())
        with organization_scope(self.organization.pk):
            return list(kind.drafts(asked))

    def carry_out(
        self, kind: PlanKind, targets: list[Target], parameters: dict[str, Any] | None = None
    ) -> list[PlanRow]:
        """The rows of a plan after all of its calls; those whose requests are not valid are skipped."""
        drafts = self.preview(kind, targets, parameters)
        plan = Plan(organization=self.organization, kind=kind.name, parameters=parameters or {}, reason="a test")
        rows = rows_of(drafts, plan=plan)
        for number, row in enumerate(rows, start=1):
            row.pk = number
        refused: set[int] = set()
        for call in self._calls(kind, rows):
            if call.after_previous and refused & {row.pk for row in call.rows}:
                continue
            refused |= self._send(call)
        return rows

    def revert(self, rows: list[PlanRow]) -> list[PlanRow]:
        """The way back of rows that were carried out, as a plan of its own."""
        done = [row for row in rows if row.state == PlanRow.State.SUCCEEDED]
        with organization_scope(self.organization.pk):
            back = kind_of(done[0].plan.kind).revert(done) if done else None
        if back is None:
            return []
        name, targets = back
        moved = [
            target
            for target, draft in zip(targets, self.preview(kind_of(name), list(targets)), strict=True)
            if any(draft.old.get(field, value) != value for field, value in (target.expected or {}).items())
        ]
        assert not moved
        return self.carry_out(kind_of(name), list(targets))

    def _calls(self, kind: PlanKind, rows: list[PlanRow]) -> list[Call]:
        """The calls of the rows that will change, like the preview's, without those that are not valid."""
        planned = [row for row in rows if row.state == PlanRow.State.PLANNED]
        calls = list(kind.calls(planned, parameters=rows[0].plan.parameters, reason="a test")) if planned else []
        faulty = False
        for call in calls:
            for request, row in zip(call.write.split(call.request), call.rows, strict=False):
                try:
                    call.write.validate(request, now=timezone.now())
                except InvalidRequest as invalid:
                    row.state, row.why, faulty = PlanRow.State.SKIPPED, str(invalid), True
        return self._calls(kind, rows) if faulty else calls

    def _send(self, call: Call) -> set[int]:
        """Keys of the rows that were refused."""
        body = _encoder.encode(call.write.body(call.request)).decode()
        attempt = Attempt(
            path=call.write.path,
            environment=DEMO,
            organization=self._vendor,
            body=body,
            fingerprint=body,
            address="127.0.0.1",
            caller="vendor",
        )
        answer = self.writes.perform(attempt, now=time.time())
        outcome = read_answer(
            call.write.operation, status=answer.status, body=json.dumps(answer.body).encode() if answer.body else b""
        )
        assert isinstance(outcome, Success | Rejected), outcome
        outcomes = call.write.outcomes(call.request, outcome)
        refused = set()
        for row, one in zip(
            call.rows, outcomes if len(outcomes) == len(call.rows) else outcomes * len(call.rows), strict=True
        ):
            if isinstance(one, Success):
                row.state = PlanRow.State.SUCCEEDED
                row.result[call.write.path] = one.body
            else:
                assert isinstance(one, Rejected), one
                row.state, row.why = PlanRow.State.REJECTED, one.error_text
                refused.add(row.pk)
        return refused

    def _publish(self, change: Change) -> None:
        if change.environment is DEMO and change.entity_type in MIRRORED:
            self._mirror(change.entity_type, change.entity, is_deleted=change.event_type == "Deleted")

    def _mirror(self, entity_type: str, entity: dict[str, Any], *, is_deleted: bool = False) -> None:
        """What a hub would write."""
        self._seq += 1
        model = mirror_models()[entity_type]
        given = {column.name: _value(entity.get(column.json_key)) for column in platform_columns(model)}
        values = {
            "organization_id": self.organization.pk, "environment": "demo", "entity_id": entity["id"], "lease_id": 1,
            "epoch": 1, "seq": self._seq, "received_at": timezone.now(),
            "deleted_at": timezone.now() if is_deleted else None, **given,
        }  # fmt: skip
        changing = ", ".join(f"{name} = excluded.{name}" for name in values)
        statement = (
            f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) VALUES ({', '.join(['%s'] * len(values))})"  # noqa: S608
            f" ON CONFLICT (organization_id, entity_id, environment) DO UPDATE SET {changing}"
        )
        self._connection.execute(statement.encode(), list(values.values()))


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return date(value["year"], value["month"], value["day"])
    return str(value) if isinstance(value, float) else value

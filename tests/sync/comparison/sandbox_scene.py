"""A vendor of the simulated platform, its mirrors, and where they differ."""

from typing import Any

import pytest

from tests.support.running_hub import wait_until
from tests.sync.stored import Stored
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.models.base import Source
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.sandbox.running import RunningSandbox

Expected = dict[str, dict[int, dict[str, Any]]]
COMPARED = {"text", "bigint", "boolean"}


class Scene:
    """One vendor of the sandbox with a DEMO connection."""

    def __init__(self, sandbox: RunningSandbox, stored: Stored) -> None:
        self.sandbox, self.stored = sandbox, stored
        self.vendor = sandbox.organizations()[0]

    def connect(self, **values: Any) -> None:
        connect_organization(
            slug="vendor",
            is_simulated=True,
            environment="demo",
            actor=Actor.staff("test"),
            rest_url=self.sandbox.rest_url("demo"),
            websocket_url=self.sandbox.websocket_url("demo"),
            credentials=self.vendor["credentials"],
            **values,
        )

    def control(self, verb: str, **body: Any) -> Any:
        return self.sandbox.control(verb, organization=self.vendor["name"], environment="demo", **body)

    def wait_until_settled(self, *, sockets: int = 1) -> None:
        def is_settled() -> bool:
            leases = self.stored.leases()
            return len(leases) == sockets and all(one["settled_at"] and one["state"] == "live" for one in leases)

        wait_until(is_settled, seconds=60, what="the first load")

    def expected(self) -> Expected:
        """What the platform shows now, by type and id."""
        entities = self.sandbox.view("expected", organization=self.vendor["name"], environment="demo")["entities"]
        return {name: {entity["id"]: entity for entity in found} for name, found in entities.items()}

    def differences(self, *, shown_only: bool = False) -> list[str]:
        """Where mirrors are not what the platform shows; `shown_only`: what only mirrors hold does not count. What is
        read of chosen masters alone need not be there.
        """
        found = []
        for entity_type, entities in self.expected().items():
            model = mirror_models().get(entity_type)
            if model is None:
                continue
            query = f'SELECT * FROM "{model._meta.db_table}" WHERE deleted_at IS NULL'  # noqa: S608
            rows = {row["entity_id"]: row for row in self.stored.rows(query)}
            if model.source is not Source.CHOSEN:
                found += [f"{entity_type} {one}: missing" for one in entities.keys() - rows.keys()]
            found += [f"{entity_type} {one}: gone" for one in rows.keys() - entities.keys() if not shown_only]
            columns = [column for column in platform_columns(model) if column.sql_type in COMPARED]
            for one in rows.keys() & entities.keys():
                row, entity = rows[one], entities[one]
                found += [
                    f"{entity_type} {one}.{column.json_key}: {row[column.name]} != {entity[column.json_key]}"
                    for column in columns
                    if column.json_key in entity and row[column.name] != entity[column.json_key]
                ]
        return found

    def wait_until_equal(self, *, shown_only: bool = False) -> None:
        try:
            wait_until(lambda: not self.differences(shown_only=shown_only), seconds=30)
        except AssertionError:
            pytest.fail("\n".join(self.differences(shown_only=shown_only)[:20]))

    def reconcile(self) -> None:
        self.stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")

        def is_done() -> bool:
            (lease,) = self.stored.leases()
            return bool(lease["reconciled_at"] and lease["reconciled_at"] > lease["reconcile_requested_at"])

        wait_until(is_done, seconds=60, what="the reconciliation")

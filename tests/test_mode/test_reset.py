"""`POST /api/v1/test/reset`: a test organization is as it began, mirrors included; nobody else may ask for it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection as database

from tests.support.partner_api.program import ApiProgram
from tests.support.running_hub import RunningHub, wait_until
from vendor_admin.operations.engine.runner import work
from vendor_admin.organizations.actors import COMMAND_LINE
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sync.models import Lease
from vendor_admin.test_mode.enabling import enable_test_mode

RESET = "/api/v1/test/reset"
MEMBER = {
    "name": "PAT_2001",
    "email": "pat.2001@traders.example",
    "password": "seven quiet herons",
    "first_name": "Pat",
    "last_name": "Abel",
    "external_id": "crm-2001",
}


@pytest.fixture
def test_organization(
    alpha: Organization, test_sandbox: RunningSandbox, database_urls: dict[str, str], short_waits: None
) -> Iterator[Organization]:
    """That of alpha, with mirrors that follow its platform."""
    test = enable_test_mode(organization=alpha, actor=COMMAND_LINE)

    def is_loaded() -> bool:
        with organization_scope(test.pk):
            leases = list(Lease.objects.all())
        return len(leases) == 2 and all(one.settled_at and one.state == "live" for one in leases)

    with RunningHub(database_url=database_urls["hub"]):
        wait_until(is_loaded, seconds=60, what="the first load")
        yield test
    database.close()


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def names(program: ApiProgram) -> set[str]:
    answer = program.get("/api/v1/members?limit=100&fields=name")
    assert answer.status_code == 200, answer.content
    return {one["name"] for one in answer.json()["data"]}


def make_member(program: ApiProgram, test: Organization, *, key: str) -> None:
    made = program.post("/api/v1/members", MEMBER, headers=keyed(key))
    assert made.status_code == 202, made.content
    work(organization_id=test.pk, environment="live", seconds=20)
    assert program.get(made["Location"]).json()["rows"][0]["state"] == "succeeded"
    wait_until(lambda: MEMBER["name"] in names(program), what="the new member")


def test_a_reset_brings_back_the_beginning(test_organization: Organization) -> None:
    program = ApiProgram.of(test_organization, is_test=True)
    seeded = names(program)
    make_member(program, test_organization, key="make")
    account = program.get("/api/v1/accounts?limit=1").json()["data"][0]["id"]
    change: dict[str, Any] = {"change": "10.00", "reason": "Goodwill"}
    waiting = program.post(f"/api/v1/accounts/{account}/balance-changes", change, headers=keyed("change"))
    assert waiting.status_code == 202

    done = program.post(RESET, headers=keyed("reset"))
    assert done.status_code == 200, done.content
    assert done.json()["changes"] >= 2
    wait_until(lambda: names(program) == seeded, what="the mirrors")
    assert program.get(waiting["Location"]).json()["state"] == "cancelled"
    with organization_scope(test_organization.pk):
        entry = AuditEntry.objects.get(action="test organization reset")
    assert (entry.actor, entry.new) == (program.key.actor.label, {"changes": done.json()["changes"]})

    assert program.post(RESET, headers=keyed("reset")).json() == done.json(), "a repeat has the first one's answer"
    assert program.post(RESET, headers=keyed("again")).json()["changes"] == 0
    make_member(program, test_organization, key="make-again")


def test_nobody_but_a_test_key_of_a_test_organization_may_reset(
    alpha: Organization, beta: Organization, test_sandbox: RunningSandbox
) -> None:
    enable_test_mode(organization=alpha, actor=COMMAND_LINE)
    before = test_sandbox.state()["ledger_n"]
    for program in (ApiProgram.of(alpha), ApiProgram.of(beta), ApiProgram.of(beta, is_test=True)):
        answer = program.post(RESET, headers=keyed("reset"))
        assert (answer.status_code, answer.json()["code"]) == (403, "test_only")
    reader = ApiProgram.of(alpha, is_test=True, scopes=("members:read",))
    assert reader.post(RESET, headers=keyed("reset")).json()["code"] == "insufficient_scope"
    assert test_sandbox.state()["ledger_n"] == before


def test_a_sandbox_that_is_away_is_said_so_and_nothing_is_noted(
    alpha: Organization, test_sandbox: RunningSandbox
) -> None:
    test = enable_test_mode(organization=alpha, actor=COMMAND_LINE)
    program = ApiProgram.of(alpha, is_test=True)
    test_sandbox.stop()
    answer = program.post(RESET, headers=keyed("reset"))
    assert (answer.status_code, answer.json()["code"]) == (503, "test_sandbox_silent")
    with organization_scope(test.pk):
        assert not AuditEntry.objects.filter(action="test organization reset").exists()

"""Who gets through the door of the partner API, by which scopes, and what happens after the answer is kept."""

from typing import Any

import pytest
import structlog
from django.test import Client

from tests.partner_api.access.door_views import BASE, Later
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import ApiKey

pytestmark = pytest.mark.urls("tests.partner_api.access.door_views")


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    Later.seen.clear()


def test_each_method_asks_for_its_own_scopes(alpha: Organization) -> None:
    reads = ApiProgram.of(alpha, scopes=("members:read",))
    writes = ApiProgram.of(alpha, scopes=("members:read", "members:write"))
    other = ApiProgram.of(alpha, scopes=("accounts:read",))
    address = f"{BASE}/methods"
    asked: dict[str, tuple[int, int, int]] = {
        "get": (200, 200, 403), "head": (200, 200, 403), "options": (200, 200, 200), "post": (403, 200, 403),
        "delete": (403, 403, 403), "put": (405, 405, 405),
    }  # fmt: skip
    for method, statuses in asked.items():
        found = tuple(program.send(method, address).status_code for program in (reads, writes, other))
        assert found == statuses, method
    refused = reads.post(address)
    assert refused.json()["code"] == "insufficient_scope"
    assert "members:write" in refused.json()["detail"]
    assert "members:read" not in refused.json()["detail"]
    assert 'error="insufficient_scope"' in refused["WWW-Authenticate"]


def test_a_view_that_names_no_scopes_is_closed(alpha: Organization) -> None:
    assert ApiProgram.of(alpha).get(f"{BASE}/forgotten").status_code == 403


def test_nobody_enters_by_the_session_of_a_browser(alpha: Organization, alice: Client) -> None:
    for answer in (alice.get("/api/v1/me"), alice.get(f"{BASE}/methods"), Client().get("/api/v1/me")):
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_authenticated"
    program = ApiProgram.of(alpha)
    program.client = alice
    assert program.get("/api/v1/me").json()["id"] == program.key.public_id, "the key counts, not the session"
    basic = program.get("/api/v1/me", headers={"Authorization": f"Basic {program.text}"})
    assert basic.status_code == 401


def names(organization: Organization) -> list[str]:
    with organization_scope(organization.pk):
        return list(ApiKey.objects.values_list("name", flat=True))


def test_what_follows_the_commit_sees_it_outside_of_any_transaction(alpha: Organization) -> None:
    program = ApiProgram.of(alpha)
    answer = program.post(f"{BASE}/later?then=1")
    assert answer.json() == {"then": True}
    assert "no-store" in answer["Cache-Control"]
    ((in_transaction, in_scope, seen),) = Later.seen
    assert (in_transaction, in_scope, seen) == (False, (), [])
    assert names(alpha) == ["changed by the view"]


def test_the_answer_stays_where_nothing_follows(alpha: Organization) -> None:
    answer = ApiProgram.of(alpha).post(f"{BASE}/later")
    assert (answer.status_code, answer.json()) == (202, "at once")
    assert len(Later.seen) == 1


def test_nothing_follows_an_answer_that_was_rolled_back(alpha: Organization) -> None:
    answer = ApiProgram.of(alpha).post(f"{BASE}/later?status=503")
    assert answer.status_code == 503
    assert not Later.seen
    assert names(alpha) == ["Nightly job"]


def test_log_lines_name_the_organization_and_the_program(alpha: Organization, monkeypatch: Any) -> None:
    bound: list[dict[str, Any]] = []
    program = ApiProgram.of(alpha)

    def get(self: Any, request: Any) -> Any:
        bound.append(structlog.contextvars.get_contextvars())
        return Later.post(self, request)

    monkeypatch.setattr(Later, "get", get, raising=False)
    program.get(f"{BASE}/later")
    assert bound[0]["organization"] == "alpha"
    assert bound[0]["program"] == program.key.public_id

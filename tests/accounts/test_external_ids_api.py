"""The partner's own references: set, shown, found and taken away, each audited."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.partner_api.api import Api
from tests.support.staff_and_rows import Writer, page_text
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import LONGEST_EXTERNAL_ID

MEMBER, ACCOUNT = "/api/v1/members/1", "/api/v1/accounts/10001"
_keys = iter(range(1_000_000))


@pytest.fixture
def api(alpha: Organization, trading_day: Callable[..., None]) -> Api:
    trading_day(2)
    return Api.of(alpha)


def put(api: Api, path: str, external_id: Any, *, expect: int = 200) -> Any:
    body = {"external_id": external_id}
    headers = {"Idempotency-Key": f"reference-{next(_keys)}"}
    return api.put(f"{path}/external-id", body, headers=headers, expect=expect).json()


def test_a_reference_is_set_shown_found_and_taken_away(api: Api, alpha: Organization, alice: Client) -> None:
    assert put(api, MEMBER, "crm-4711") == {"id": "1", "external_id": "crm-4711"}
    assert put(api, ACCOUNT, "crm-4711") == {"id": "10001", "external_id": "crm-4711"}, "kinds have names of their own"

    assert api.get(MEMBER).json()["external_id"] == "crm-4711"
    assert api.get(ACCOUNT).json()["external_id"] == "crm-4711"
    for listed, found in (("members", "1"), ("accounts", "10001")):
        rows = api.get(f"/api/v1/{listed}?external_id=crm-4711").json()["data"]
        assert [row["id"] for row in rows] == [found]
        assert api.get(f"/api/v1/{listed}?external_id=crm-471").json()["data"] == []
    assert "external id crm-4711" in page_text(alice.get(reverse("member", args=[1])))
    assert "external id crm-4711" in page_text(alice.get(reverse("account", args=[10001])))

    assert put(api, MEMBER, None)["external_id"] is None
    assert api.get(MEMBER).json()["external_id"] is None
    assert "external id" not in page_text(alice.get(reverse("member", args=[1])))
    with organization_scope(alpha.pk):
        audited = AuditEntry.objects.filter(subject_kind="member", subject_id="1").order_by("id")
        assert [(entry.action, entry.old, entry.new) for entry in audited] == [
            ("set external id", {"external_id": None}, {"external_id": "crm-4711"}),
            ("clear external id", {"external_id": "crm-4711"}, {"external_id": None}),
        ]


def test_a_reference_belongs_to_one(api: Api) -> None:
    put(api, MEMBER, "one")
    problem = put(api, "/api/v1/members/2", "one", expect=409)

    assert problem["code"] == "external_id_taken"
    assert "Member 1" in problem["detail"]
    put(api, MEMBER, "other")
    put(api, "/api/v1/members/2", "one")
    assert put(api, "/api/v1/members/2", "one")["external_id"] == "one", "the same again changes nothing"


def test_another_organization_has_references_of_its_own(api: Api, beta: Organization, write: Writer) -> None:
    write.mirror("user", beta, 50, name="ben", environment="live")
    stranger = Api.of(beta)
    put(api, MEMBER, "one")
    put(stranger, "/api/v1/members/50", "one")

    assert put(stranger, MEMBER, "two", expect=404)["code"] == "not_found"
    assert [row["id"] for row in stranger.get("/api/v1/members?external_id=one").json()["data"]] == ["50"]


def test_accounts_of_both_environments_with_one_id_are_two_accounts(
    api: Api, alpha: Organization, write: Writer
) -> None:
    write.mirror("account", alpha, 10001, name="LIVE1", environment="live")
    put(api, ACCOUNT, "simulated")
    headers = {"Idempotency-Key": "of-live"}
    api.put(f"{ACCOUNT}/external-id?environment=live", {"external_id": "real"}, headers=headers)

    assert api.get(ACCOUNT).json()["external_id"] == "simulated"
    assert api.get(f"{ACCOUNT}?environment=live").json()["external_id"] == "real"
    assert [row["name"] for row in api.get("/api/v1/accounts?external_id=simulated").json()["data"]] == ["EVAL1"]
    assert api.get("/api/v1/accounts?external_id=real").json()["data"] == []
    assert len(api.get("/api/v1/accounts?external_id=real&environment=live").json()["data"]) == 1


@pytest.mark.parametrize("given", ["", " ", " a", "a\n", "x" * (LONGEST_EXTERNAL_ID + 1), 5, [], {"a": 1}, True])
def test_what_is_no_reference_is_refused(api: Api, given: Any) -> None:
    problem = put(api, MEMBER, given, expect=422)

    assert [error["pointer"] for error in problem["errors"]] == ["/external_id"]


def test_what_the_body_may_not_say_is_named(api: Api) -> None:
    faults = []
    for number, body in enumerate(({"externalId": "a"}, {}, {"external_id": ["a"]})):
        headers = {"Idempotency-Key": f"odd-{number}"}
        problem = api.put(f"{MEMBER}/external-id", body, headers=headers, expect=422).json()
        faults += [(error["pointer"], error["code"]) for error in problem["errors"]]

    assert faults == [("/externalId", "unknown_field"), ("/external_id", "required"), ("/external_id", "wrong_type")]


def test_a_reference_may_be_as_long_when_something_is_made_as_it_may_be_later(api: Api) -> None:
    longest = "x" * LONGEST_EXTERNAL_ID
    assert put(api, MEMBER, longest)["external_id"] == longest
    for kind in ("create_members", "create_accounts"):
        fields = api.get(f"/api/v1/plan-kinds/{kind}").json()["row"]["properties"]
        assert fields["external_id"]["maxLength"] == LONGEST_EXTERNAL_ID, kind


def test_reading_scopes_do_not_write(alpha: Organization, trading_day: Callable[..., None]) -> None:
    trading_day(1)
    reader = Api.of(alpha, scopes=("members:read", "accounts:read"))

    assert put(reader, MEMBER, "one", expect=403)["code"] == "insufficient_scope"
    assert put(reader, ACCOUNT, "one", expect=403)["code"] == "insufficient_scope"

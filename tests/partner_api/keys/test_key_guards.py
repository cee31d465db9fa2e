"""Who an API key lets in: each reason to refuse it, told to its bearer where it is known."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import override_settings
from django.utils import timezone

from tests.support.partner_api.program import ApiProgram
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.keys.verbs import revoke_key, roll_key
from vendor_admin.partner_api.models import ApiKey

ME = "/api/v1/me"
OWNER = Actor.staff("alice")


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    if status == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")
    return body


@pytest.fixture
def program(alpha: Organization) -> ApiProgram:
    return ApiProgram.of(alpha, scopes=("members:read",))


def test_a_key_lets_its_program_in_and_tells_it_who_it_is(program: ApiProgram, alpha: Organization) -> None:
    answer = program.get(ME)
    assert answer.status_code == 200, answer.content
    assert answer.json() == {
        "id": program.key.public_id,
        "name": "Nightly job",
        "organization": {"id": str(alpha.pk), "slug": "alpha", "name": "Alpha Funding"},
        "scopes": ["members:read"],
        "rights": ["view"],
        "is_test": False,
        "version": program.key.version,
        "expires_at": None,
    }
    assert answer["Cache-Control"] == "private, no-cache"
    assert program.text.startswith(f"vak_live_{alpha.pk}_")


def test_a_key_that_expired_is_refused(alpha: Organization) -> None:
    ends_at = timezone.now() + timedelta(days=1)
    program = ApiProgram.of(alpha, expires_at=ends_at)
    assert program.get(ME).json()["expires_at"].endswith("Z")
    with time_machine.travel(ends_at, tick=False):
        refused(program.get(ME), 401, "key_expired")


def test_a_key_that_was_revoked_is_refused_at_once(program: ApiProgram) -> None:
    revoke_key(key=program.key, actor=OWNER, now=timezone.now())
    refused(program.get(ME), 401, "key_revoked")


def test_a_key_that_was_rolled_works_during_the_overlap_alone(program: ApiProgram) -> None:
    rolled = roll_key(key=program.key, overlap=timedelta(days=2), actor=OWNER, now=timezone.now())
    after = ApiProgram(rolled.key, rolled.text)
    assert program.get(ME).status_code == after.get(ME).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=2, seconds=1), tick=False):
        refused(program.get(ME), 401, "key_replaced")
        assert after.get(ME).status_code == 200


def test_a_key_that_was_rolled_without_overlap_ends_at_once(program: ApiProgram) -> None:
    rolled = roll_key(key=program.key, overlap=timedelta(0), actor=OWNER, now=timezone.now())
    refused(program.get(ME), 401, "authentication_failed")
    assert ApiProgram(rolled.key, rolled.text).get(ME).status_code == 200


def test_a_revoked_key_takes_the_one_before_with_it(program: ApiProgram) -> None:
    rolled = roll_key(key=program.key, overlap=timedelta(days=2), actor=OWNER, now=timezone.now())
    revoke_key(key=rolled.key, actor=OWNER, now=timezone.now())
    refused(program.get(ME), 401, "key_revoked")


def test_a_key_is_bound_to_its_addresses_by_the_rule_for_proxies(alpha: Organization) -> None:
    program = ApiProgram.of(alpha, allowed_addresses=["203.0.113.0/24", "2001:db8::7"])
    for address, status in (("203.0.113.9", 200), ("2001:db8::7", 200), ("198.51.100.1", 403), ("nonsense", 403)):
        assert program.get(ME, REMOTE_ADDR=address).status_code == status, address
    assert "198.51.100.1" in refused(program.get(ME, REMOTE_ADDR="198.51.100.1"), 403, "address_not_allowed")["detail"]
    forged = {"X-Forwarded-For": "203.0.113.9"}
    assert program.get(ME, headers=forged, REMOTE_ADDR="198.51.100.1").status_code == 403
    with override_settings(BEHIND_PROXY=True):
        told = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9"}
        assert program.get(ME, headers=told, REMOTE_ADDR="10.0.0.1").status_code == 200
        forged = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1"}
        assert program.get(ME, headers=forged, REMOTE_ADDR="10.0.0.1").status_code == 403


def test_a_key_of_another_organization_finds_nothing_here(program: ApiProgram, beta: Organization) -> None:
    stolen = program.text.replace(f"_{program.key.organization_id}_", f"_{beta.pk}_")
    refused(program.get(ME, headers={"Authorization": f"Bearer {stolen}"}), 401, "authentication_failed")
    assert ApiProgram.of(beta).get(ME).json()["organization"]["slug"] == beta.slug


def test_a_test_key_works_in_a_sandbox_organization_alone(alpha: Organization, beta: Organization) -> None:
    with pytest.raises(InvalidFields, match="is real"):
        ApiProgram.of(alpha, is_test=True)
    program = ApiProgram.of(beta, is_test=True)
    assert program.text.startswith(f"vak_test_{beta.pk}_")
    assert program.get(ME).json()["is_test"] is True
    with organization_scope(beta.pk):
        Organization.objects.filter(pk=beta.pk).update(is_simulated=False)
    refused(program.get(ME), 401, "test_key")


@pytest.mark.parametrize("text", ["vak_live_1_short", "vak_live_0_" + "x" * 43, "vak_prod_1_" + "x" * 43, "vak_live_"])
def test_what_is_no_key_lets_nobody_in(program: ApiProgram, text: str) -> None:
    refused(program.get(ME, headers={"Authorization": f"Bearer {text}"}), 401, "authentication_failed")


def test_use_is_noted_to_the_minute(program: ApiProgram, alpha: Organization) -> None:
    def used_at() -> Any:
        with organization_scope(alpha.pk):
            return ApiKey.objects.get(pk=program.key.pk).used_at

    assert used_at() is None
    first = timezone.now()
    with time_machine.travel(first, tick=False):
        program.get(ME)
    with time_machine.travel(first + timedelta(seconds=30), tick=False):
        program.get(ME)
    assert used_at() == first
    with time_machine.travel(first + timedelta(seconds=61), tick=False):
        program.get(ME)
    assert used_at() == first + timedelta(seconds=61)

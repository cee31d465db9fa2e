"""Staff's pages of API keys: who sees them, the text that is shown once, roll, revoke, and what a list costs."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.partner_api.program import ApiProgram
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole
from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.organizations.sign_in import second_factor
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import ApiKey, RequestCount

pytestmark = pytest.mark.pages

LIST = "/admin/partner_api/apikey/"
FORM: dict[str, Any] = {
    "name": "Nightly job",
    "scopes": ["members:read", "balances:write"],
    "lasts": "90",
    "allowed_addresses": "203.0.113.8\n2001:db8::/32",
    "reason": "asked by mail",
}


def shown(answer: Any) -> str:
    assert answer.status_code == 200, (answer.status_code, answer.content.decode()[-2000:])
    return html.unescape(answer.content.decode())


def key_on(page: str) -> str:
    (text,) = set(re.findall(r"vak_(?:live|test)_[0-9]+_[\w-]{43}", page))
    return text


def row_of(organization: Organization) -> ApiKey:
    with organization_scope(organization.pk):
        return ApiKey.objects.select_related("organization").get()


def test_an_owner_makes_a_key_and_sees_it_once(alpha: Organization, alice: Client) -> None:
    form = shown(alice.get(f"{LIST}add/"))
    assert "plans:approve – approve plans of others" in form
    assert not re.search(r'name="scopes"[^>]*checked', form), "nobody gives what they did not choose"
    made = alice.post(f"{LIST}add/", FORM)
    text = key_on(shown(made))
    assert "no-store" in made["Cache-Control"]
    assert 'data-copies="key-text"' in shown(made)
    key = row_of(alpha)
    assert (key.name, key.scopes, key.is_test) == ("Nightly job", ["members:read", "balances:write"], False)
    assert key.allowed_addresses == ["203.0.113.8/32", "2001:db8::/32"]
    assert key.created_by == "alice"
    assert key.expires_at is not None
    assert key.expires_at - key.created_at == timedelta(days=90)
    assert not key.is_revoked_when_leaked
    page = shown(alice.get(f"{LIST}{key.pk}/change/"))
    for words in ("change demo balances", "203.0.113.8/32, 2001:db8::/32", key.public_id, f"…{text[-4:]}"):
        assert words in page
    assert text not in page + shown(alice.get(LIST))
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get(action="API key made")
        assert text not in str(list(AuditEntry.objects.values()))
    assert (entry.actor, entry.reason, entry.subject_id) == ("alice", "asked by mail", key.public_id)
    assert text not in str(list(ApiKey.unscoped.values()))


def test_a_sandbox_offers_test_keys_first(alpha: Organization, alice: Client, charlie: Client) -> None:
    assert "vak_test_" not in shown(alice.get(f"{LIST}add/"))
    assert re.search(r'value="test"[^>]*checked', shown(charlie.get(f"{LIST}add/")))
    assert key_on(shown(charlie.post(f"{LIST}add/", FORM | {"kind": "test"}))).startswith("vak_test_")


def test_an_owner_rolls_and_revokes_a_key(alpha: Organization, alice: Client) -> None:
    program = ApiProgram.of(alpha)
    own = f"{LIST}{program.key.pk}/"
    page = shown(alice.post(f"{own}roll/", {"overlap": "24"}))
    assert "The key before works until" in page
    rolled = ApiProgram(program.key, key_on(page))
    assert program.get("/api/v1/me").status_code == rolled.get("/api/v1/me").status_code == 200
    assert "works, and the one before" in shown(alice.get(LIST))
    key_on(shown(alice.post(f"{own}roll/", {"overlap": "0"})))
    assert {program.get("/api/v1/me").status_code, rolled.get("/api/v1/me").status_code} == {401}
    assert "for good" in shown(alice.get(f"{own}revoke/"))
    assert row_of(alpha).revoked_at is None, "looking at the question changes nothing"
    assert alice.post(f"{own}revoke/", {"reason": "over"}).status_code == 302
    assert row_of(alpha).revoked_at is not None
    page = shown(alice.get(f"{own}change/"))
    assert f"{own}roll/" not in page
    assert "This key works no more" in shown(alice.post(f"{own}roll/", {"overlap": "24"}))
    assert alice.post(f"{own}revoke/", {"reason": "again"}).status_code == 302, "done twice, nothing happens"
    with organization_scope(alpha.pk):
        actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert [one for one in actions if one.startswith("API key")] == [
        "API key made", "API key rolled", "API key rolled", "API key revoked",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("no address and no network", {"allowed_addresses": "partner.example"}),
        ("This field is required", {"name": " "}),
        ("This field is required", {"scopes": []}),
        ("Select a valid choice", {"scopes": ["openid"]}),
        ("Select a valid choice", {"lasts": "36500"}),
        ("at most 100", {"name": "x" * 101}),
    ],
)
def test_what_cannot_be_stored_is_said_in_words(alpha: Organization, alice: Client, words: str, changes: Any) -> None:
    assert words in shown(alice.post(f"{LIST}add/", FORM | changes))
    assert not ApiKey.unscoped.exists()


@pytest.mark.parametrize("role", StaffRole.Role.values)
def test_pages_open_to_the_roles_that_manage_keys(alpha: Organization, role: str) -> None:
    program = ApiProgram.of(alpha)
    person = signed_in(staff_user("person", alpha, role))
    may = Right.MANAGE_API_KEYS in RIGHTS[role]
    assert may is (role == "owner")
    own = f"{LIST}{program.key.pk}/"
    for address in (LIST, f"{LIST}add/", f"{own}change/", f"{own}roll/", f"{own}revoke/", f"{LIST}export.csv"):
        assert person.get(address).status_code == (200 if may else 403), address
    for address, data in ((f"{LIST}add/", FORM), (f"{own}roll/", {"overlap": "0"}), (f"{own}revoke/", {})):
        assert (person.post(address, data).status_code != 403) is may, address
    assert ("API keys" in shown(person.get("/admin/"))) is may
    assert (program.get("/api/v1/me").status_code == 401) is may


def test_a_key_of_another_organization_is_not_found(alpha: Organization, charlie: Client) -> None:
    own = f"{LIST}{ApiProgram.of(alpha).key.pk}/"
    assert "Nightly job" not in shown(charlie.get(LIST))
    for name in ("change", "roll", "revoke"):
        assert charlie.get(f"{own}{name}/").status_code == 404
    for name in ("roll", "revoke"):
        assert charlie.post(f"{own}{name}/", {"overlap": "0"}).status_code == 404
    assert row_of(alpha).revoked_at is None


def test_a_change_asks_for_a_fresh_code(alpha: Organization, alice: Client) -> None:
    own = f"{LIST}{ApiProgram.of(alpha).key.pk}/"
    session = alice.session
    session[second_factor.SHOWN_AT] = timezone.now().timestamp() - 301
    session.save()
    for address, data in ((f"{LIST}add/", FORM), (f"{own}roll/", {"overlap": "0"}), (f"{own}revoke/", {})):
        answer = alice.post(address, data)
        assert answer.status_code == 403
        assert "Confirm that it is you" in html.unescape(answer.content.decode())
    key = row_of(alpha)
    assert (key.revoked_at, key.rolled_at) == (None, None)
    assert shown(alice.get(LIST))


def test_the_list_counts_todays_requests_and_costs_the_same_for_twenty_keys(alpha: Organization, alice: Client) -> None:
    first = ApiProgram.of(alpha).key

    def queries() -> tuple[int, str]:
        with CaptureQueriesContext(database) as captured:
            page = shown(alice.get(LIST))
        return len(captured), page

    now = timezone.now().replace(second=0, microsecond=0)
    with organization_scope(alpha.pk):
        for minute, count in ((now, 7), (now - timedelta(days=1), 90)):
            RequestCount.objects.create(organization=alpha, caller=first.public_id, minute=minute, count=count)
        RequestCount.objects.create(organization=alpha, caller="", minute=now, count=1000)
    queries()
    before, page = queries()
    assert re.search(r"<td[^>]*>\s*7\s*</td>", page)
    for number in range(20):
        ApiProgram.of(alpha, name=f"job {number}")
    assert queries()[0] == before
    assert "Nightly job" not in shown(alice.get(f"{LIST}?state=ended"))
    assert "job 19" in shown(alice.get(f"{LIST}?state=works"))


def test_the_list_shows_keys_that_work_or_those_that_have_ended(alpha: Organization, alice: Client) -> None:
    now = timezone.now()
    for name, values in (
        ("endless", {}),
        ("lasting", {"expires_at": now + timedelta(days=1)}),
        ("expired", {"expires_at": now}),
        ("revoked", {"expires_at": now + timedelta(days=1), "revoked_at": now}),
        ("revoked too", {"revoked_at": now}),
    ):
        key = ApiProgram.of(alpha, name=f"a job, {name}").key
        with organization_scope(alpha.pk):
            ApiKey.objects.filter(pk=key.pk).update(**values)

    def listed(state: str) -> set[str]:
        return set(re.findall(r"a job, ([a-z ]+)", shown(alice.get(f"{LIST}?state={state}"))))

    assert listed("works") == {"endless", "lasting"}
    assert listed("ended") == {"expired", "revoked", "revoked too"}

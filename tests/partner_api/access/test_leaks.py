"""A credential in an address: refused, masked, told to the owners, and ended if they chose so."""

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.utils import timezone
from structlog.stdlib import ProcessorFormatter

from tests.oauth_bridge.portals.portal_side import PortalSide
from tests.oauth_bridge.visitor import SITE
from tests.support.partner_api.program import ApiProgram
from vendor_admin.notices import acknowledgement, watcher
from vendor_admin.notices.models import Notice
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.keys.verbs import revoke_key, roll_key
from vendor_admin.partner_api.models import CredentialLeak, RequestLogEntry
from vendor_admin.partner_api.retention import forget_old

ME = "/api/v1/me"
OWNER = Actor.staff("alice")


@pytest.fixture
def program(alpha: Organization) -> ApiProgram:
    return ApiProgram.of(alpha)


def notices(organization: Organization) -> list[Notice]:
    watcher.watch(now=timezone.now())
    with organization_scope(organization.pk):
        return list(Notice.objects.filter(kind="key_leaked", closed_at=None))


def leaks(organization: Organization) -> list[CredentialLeak]:
    with organization_scope(organization.pk):
        return list(CredentialLeak.objects.order_by("id"))


def test_a_key_in_an_address_is_refused_wherever_it_stands(program: ApiProgram, alpha: Organization) -> None:
    encoded = quote(f"Bearer {program.text}", safe="")
    for address in (
        f"{ME}?api_key={program.text}",
        f"/api/v1/{program.text}",
        f"{ME}?x=1&y={encoded}",
        f"{ME}?{program.text}",
    ):
        for headers in ({}, {"Authorization": ""}):
            answer = program.get(address, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (400, "credential_in_address"), address
            assert program.text not in answer.content.decode()
            assert "no-store" in answer["Cache-Control"]
    assert program.get(ME).status_code == 200, "it still works: its owners did not choose that it ends"
    (leak,) = leaks(alpha)
    assert (leak.program, leak.times, leak.is_ended) == (program.key.public_id, 8, False)
    assert leak.address == "127.0.0.1"


def test_the_owners_are_alerted_until_the_key_is_rolled(
    program: ApiProgram, alpha: Organization, beta: Organization
) -> None:
    program.get(f"{ME}?api_key={program.text}")
    (notice,) = notices(alpha)
    assert "API key Nightly job" in notice.title
    assert "It still works." in notice.text
    assert "Roll the key without overlap" in notice.next_step
    assert program.text not in notice.title + notice.text
    assert not notices(beta)
    roll_key(key=program.key, overlap=timedelta(0), actor=OWNER, now=timezone.now())
    assert not notices(alpha)


def test_an_alert_that_somebody_saw_comes_back_with_the_next_leak(program: ApiProgram, alpha: Organization) -> None:
    program.get(f"{ME}?api_key={program.text}")
    (notice,) = notices(alpha)
    with organization_scope(alpha.pk):
        acknowledgement.acknowledge(notice=notice, actor=OWNER, now=timezone.now())
    assert not notices(alpha)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=True):
        program.get(f"{ME}?api_key={program.text}")
        assert len(notices(alpha)) == 1
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        assert not notices(alpha)


def test_a_key_is_revoked_where_its_owners_chose_so(alpha: Organization) -> None:
    program = ApiProgram.of(alpha, is_revoked_when_leaked=True)
    assert program.get(f"{ME}?api_key={program.text}").status_code == 400
    assert program.get(ME).json()["code"] == "key_revoked"
    (notice,) = notices(alpha)
    assert "It was ended at once." in notice.text
    with organization_scope(alpha.pk):
        actions = list(AuditEntry.objects.order_by("id").values_list("action", "actor"))
    assert ("API key revoked", "the partner API") in actions
    assert ("credential sent in an address", "API key Nightly job") in actions


def test_the_owners_find_the_request_in_their_log_without_the_key(program: ApiProgram, alpha: Organization) -> None:
    twice = quote(quote(program.text.replace("_", "%5F"), safe=""))
    program.get(f"/api/v1/{program.text}?a={program.text}&b={twice}").close()
    with organization_scope(alpha.pk):
        entry = RequestLogEntry.objects.get()
    assert (entry.caller, entry.status, entry.code) == (program.key.public_id, 400, "credential_in_address")
    assert program.text[-43:] not in entry.path + entry.query + entry.answer_body


def test_what_works_no_more_alerts_nobody(program: ApiProgram, alpha: Organization, beta: Organization) -> None:
    revoke_key(key=program.key, actor=OWNER, now=timezone.now())
    made_up = program.text[:-1] + ("a" if program.text[-1] != "a" else "b")
    foreign = program.text.replace(f"_{alpha.pk}_", f"_{beta.pk}_")
    for text in (program.text, made_up, foreign, "vak_live_1_cut-short"):
        assert program.get(f"{ME}?api_key={text}").json()["code"] == "credential_in_address"
    assert not leaks(alpha) + leaks(beta)


def test_a_portals_token_in_an_address_ends_and_its_owners_are_told(alpha: Organization, settings: Any) -> None:
    settings.SITE_URL = SITE
    portal = PortalSide.program(alpha)
    token = portal.own_token()
    assert portal.api(path=f"{ME}?access_token={token}").json()["code"] == "credential_in_address"
    assert portal.api(token).status_code == 401
    (notice,) = notices(alpha)
    assert "portal Nightly job" in notice.title


def test_no_log_line_holds_the_key(program: ApiProgram, caplog: Any) -> None:
    handlers = logging.getLogger().handlers
    formatter = next(one.formatter for one in handlers if isinstance(one.formatter, ProcessorFormatter))
    with caplog.at_level(logging.INFO):
        program.get(f"/api/v1/{program.text}?api_key={program.text}")
        logging.getLogger("django.request").warning("Bad Request: /?key=%s", program.text)
    lines = [formatter.format(record) for record in caplog.records]
    assert sum("vak_live_\\u2022" in line for line in lines) >= 2, lines
    assert not any(program.text[-43:] in line for line in lines)


def test_leaks_of_long_ago_are_forgotten(program: ApiProgram, alpha: Organization) -> None:
    program.get(f"{ME}?api_key={program.text}")
    forget_old(now=timezone.now() + timedelta(days=29))
    assert len(leaks(alpha)) == 1
    assert forget_old(now=timezone.now() + timedelta(days=31))["leaks"] == 1
    assert not leaks(alpha)

"""What portals hold and send is found in no table, log or page, and what a dump holds opens nothing."""

import hashlib
import logging
from typing import Any

import psycopg
import pytest
from psycopg import sql

from oauth_bridge.models import SigningKey
from oauth_bridge.portals import registry
from tests.oauth_bridge.portals.portal_side import PortalSide, new_pair
from tests.oauth_bridge.sign_in.test_secrets import Planted, everything_stored
from tests.oauth_bridge.visitor import Visitor, parameters_of
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


def go_through_everything(alpha: Organization, ann: Visitor, planted: Planted) -> str:
    """Good ways and bad ones; returns all that was shown to anybody who should not see secrets."""
    desk, program = PortalSide.registered(alpha), PortalSide.program(alpha)
    planted.note(secret=desk.secret, program_secret=program.secret)
    ann.sign_in()
    verifier, challenge = new_pair()
    wanted = desk.request(challenge)
    shown = [ann.browser.get(wanted).content.decode()]
    code = parameters_of(ann.browser.post(wanted, {"decision": "allow"})["Location"])["code"]
    first = desk.exchange(code, verifier).json()
    second = desk.refresh(first["refresh_token"]).json()
    planted.note(code=code, verifier=verifier, own=program.own_token(), id_token=first["id_token"])
    planted.note(access=first["access_token"], refresh=first["refresh_token"])
    planted.note(access2=second["access_token"], refresh2=second["refresh_token"])
    with organization_scope(alpha.pk):
        planted.note(**{f"key_{name}": SigningKey.objects.get().private[name] for name in ("d", "p", "q")})
    shown += [
        desk.userinfo(second["access_token"]).content.decode(),
        desk.post("introspect", token=second["access_token"]).content.decode(),
        program.api(planted.found["own"]).content.decode(),
        program.api(planted.found["own"] + "x").content.decode(),
        ann.get("sign-ins/").content.decode(),
    ]
    replayed, reused = desk.exchange(code, verifier), desk.refresh(first["refresh_token"])
    wrong = desk.post("token", as_client="Basic " + "x" * 40, code=code)
    shown += [answer.content.decode() for answer in (replayed, reused, wrong)]
    made = registry.rotate_secret(portal=desk.portal, actor=Actor.staff("alice"), now=desk.portal.secret_made_at)
    planted.note(new_secret=made.secret)
    return "\n".join([*shown, repr(made), repr(vars(desk.portal)).replace(desk.portal.client_secret, "")])


def test_secrets_of_portals_are_found_nowhere(
    alpha: Organization,
    ann: Visitor,
    admin_connection: psycopg.Connection,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    planted = Planted()
    shown = go_through_everything(alpha, ann, planted)

    assert planted.seen_in(shown) == []
    dump = everything_stored(admin_connection)
    assert hashlib.sha256(planted.found["refresh"].encode()).hexdigest() in dump, "found again by its digest"
    assert "Trader Desk" in dump, "this dump would show what is stored in the clear"
    assert planted.seen_in(dump) == []
    output = capfd.readouterr()
    logged = "\n".join([*(str(record.__dict__) for record in caplog.records), output.out, output.err])
    assert "portal_credential_used_twice" in logged
    assert planted.seen_in(logged) == []


def test_what_a_dump_holds_opens_nothing(
    alpha: Organization, ann: Visitor, admin_connection: psycopg.Connection
) -> None:
    desk = PortalSide.registered(alpha)
    ann.sign_in()
    desk.tokens_of(ann)
    code, verifier = desk.allowed(ann)

    def column(table: str, name: str) -> list[str]:
        query = sql.SQL("SELECT {} FROM {}").format(sql.Identifier(name), sql.Identifier(f"oauth_bridge_{table}"))
        return [row[0] for row in admin_connection.execute(query).fetchall()]

    for stored in column("portaltoken", "digest"):
        assert not desk.works(stored)
        assert not desk.works(f"vat_{alpha.pk}_{stored}")
    for stored in column("portalrefreshtoken", "digest"):
        assert desk.refresh(stored).json()["error"] == "invalid_grant"
    for stored in column("portalcode", "digest"):
        assert desk.exchange(stored, verifier).json()["error"] == "invalid_grant"
    [secret] = column("portal", "client_secret")
    assert PortalSide(desk.portal, secret, "alpha").exchange(code, verifier).status_code == 401


def test_a_failure_at_the_token_address_shows_and_logs_no_secret(
    alpha: Organization,
    ann: Visitor,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("something of our own broke")

    desk, planted = PortalSide.registered(alpha), Planted()
    desk.server.raise_request_exception = False
    ann.sign_in()
    monkeypatch.setattr("oauth_bridge.portals.tokens.make_tokens", fail)
    for debug in (False, True):
        settings.DEBUG = debug
        code, verifier = desk.allowed(ann)
        planted.note(**{f"code{debug}": code, f"verifier{debug}": verifier, "secret": desk.secret})
        answer = desk.exchange(code, verifier)
        assert answer.status_code == 500
        assert planted.seen_in(answer.content.decode()) == []
    output = capfd.readouterr()
    logged = caplog.text + output.out + output.err
    assert "something of our own broke" in logged
    assert planted.seen_in(logged) == []

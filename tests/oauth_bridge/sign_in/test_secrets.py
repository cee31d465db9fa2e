"""What was planted as a secret is found nowhere: not in the database, not in a log, not on an error page."""

import logging
import subprocess
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from psycopg import sql

from oauth_bridge.models import MemberLink, PlatformClient
from oauth_bridge.sign_in import clients, renewal
from tests.oauth_bridge.visitor import Visitor, parameters_of, with_parameters
from vendor_admin.embedded.postgres import wheel_installation
from vendor_admin.organizations.tenancy.scope import organization_scope

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("error", {"error": "invalid_client"}),
    ("malformed", {}),
    ("malformed", {"text": "planted-half-a-token"}),
    ("no-answer", {}),
    ("500", {}),
    ("error", {"error": "invalid_grant", "text": "Authorization code {code} is already used"}),
    ("error", {"error": "invalid_client", "text": "Client 4242 with {client_secret} may not use code {code}"}),
    ("error", {"error": "invalid_client", "text": "." * 285 + "{code}"}),
    ("error", {"error": "invalid_client", "text": "." * 490 + "{verifier}"}),
    ("penalty", {"seconds": 1}),
]


class Planted:
    """Every secret that passes by, as the platform's answers and our addresses show it."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def note(self, **secrets: str) -> None:
        assert all(len(secret) > 8 for secret in secrets.values()), secrets
        self.found |= secrets

    def repeated_in(self, text: str, *, code: str) -> dict[str, str]:
        """The platform's words with the newest secrets in them, where it repeats any."""
        verifier = next(secret for name, secret in reversed(self.found.items()) if name.startswith("new_verifier"))
        named = {"code": code, "verifier": verifier, "client_secret": self.found["client_secret"]}
        return {"text": text.format(**named)} if "{" in text else {}

    def seen_in(self, text: str) -> list[str]:
        return [name for name, secret in self.found.items() if secret in text]


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, client_of_alpha: PlatformClient) -> Planted:
    planted = Planted()
    planted.note(client_secret=client_of_alpha.secret["secret"])
    for name in ("new_state", "new_verifier"):
        make = getattr(__import__("oauth_bridge.platform_oauth", fromlist=[name]), name)

        def watched(make: Any = make, name: str = name) -> str:
            made = str(make())
            planted.note(**{f"{name}{len(planted.found)}": made})
            return made

        monkeypatch.setattr(f"oauth_bridge.platform_oauth.{name}", watched)
    return planted


def everything_stored(connection: psycopg.Connection) -> str:
    """All rows of all tables as text, as a dump would hold them."""
    tables = connection.execute(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
    ).fetchall()
    parts = []
    for (table,) in tables:
        rows = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))).fetchall()
        parts += [row[0] for row in rows]
    return "\n".join(parts)


def tokens_of(visitor: Visitor) -> dict[str, str]:
    return {name: str(token) for name, token in visitor.link().tokens.items()}


def go_through_everything(visitor: Visitor, planted: Planted, sandbox: Any) -> str:
    """Good ways and bad ones; returns all that the browser was shown."""
    shown = []
    back = visitor.at_the_platform(visitor.depart())
    planted.note(code=parameters_of(back)["code"], state=parameters_of(back)["state"])
    shown.append(visitor.come_back(back).content.decode())
    planted.note(**tokens_of(visitor))
    shown += [visitor.get(path).content.decode() for path in ("accounts/", "sign-ins/", "subscriptions/")]
    link = visitor.link()
    assert link.renew_at is not None
    assert renewal.renew_link(organization_id=link.organization_id, link_id=link.pk, now=link.renew_at)
    planted.note(**{f"second_{name}": token for name, token in tokens_of(visitor).items()})
    for number, (fault, more) in enumerate(FAULTS):
        planted.note(half_a_token="planted-half-a-token")
        other = visitor.another_browser()
        back = other.at_the_platform(other.depart())
        code = parameters_of(back)["code"]
        planted.note(**{f"code{number}": code, f"start_of_code{number}": code[:10]})
        sandbox.control("oauth/next", fault=fault, **more | planted.repeated_in(more.get("text", ""), code=code))
        shown.append(other.come_back(back).content.decode())
        shown.append(other.come_back(back).content.decode())
    return "\n".join(shown)


def test_secrets_are_found_in_no_table_log_or_page(ann, planted, sandbox, admin_connection, caplog, capfd, alpha):
    caplog.set_level(logging.DEBUG)
    shown = go_through_everything(ann, planted, sandbox)

    assert len(planted.found) > 20
    dump = everything_stored(admin_connection)
    assert ann.login in dump, "this dump would show what is stored in the clear"
    assert planted.seen_in(dump) == []
    output = capfd.readouterr()
    ours = [str(record.__dict__) for record in caplog.records if "GET /oauth?" not in record.getMessage()]
    logged = "\n".join([*ours, output.out, output.err])
    assert "member_signed_in" in logged
    assert planted.seen_in(logged) == []
    assert planted.seen_in(shown) == []


def test_a_refused_renewal_that_repeats_the_token_leaves_it_nowhere(ann, planted, sandbox, admin_connection, caplog):
    ann.sign_in()
    planted.note(**tokens_of(ann))
    link = ann.link()
    text = f"Refresh token {planted.found['refresh_token']} is not known"
    sandbox.control("oauth/next", fault="refuse-refresh", error="invalid_grant", text=text)

    assert not renewal.renew_link(organization_id=link.organization_id, link_id=link.pk, now=link.renew_at)

    assert "Refresh token ******** is not known" in everything_stored(admin_connection)
    assert planted.seen_in(everything_stored(admin_connection)) == []
    assert planted.seen_in(caplog.text) == []


def test_a_refusal_on_the_way_back_that_repeats_code_and_state_is_shown_without_them(ann, planted):
    back = ann.at_the_platform(ann.depart())
    code, state = parameters_of(back)["code"], parameters_of(back)["state"]
    refused = with_parameters(back, error="server_error", error_description=f"code {code} of {state} failed")

    shown = ann.come_back(refused).content.decode()

    assert "code ******** of ******** failed" in shown
    assert planted.seen_in(shown) == []


def test_a_dump_by_the_databases_own_tool_holds_no_secret(ann, planted, database_urls, sandbox):
    ann.sign_in()
    planted.note(**tokens_of(ann))
    url = urlsplit(database_urls["admin"])
    program = wheel_installation() / "bin" / "pg_dump"
    if not program.exists():
        pytest.skip("this PostgreSQL wheel has no pg_dump")
    done = subprocess.run([str(program), url.geturl()], capture_output=True, text=True, check=True)
    assert "oauth_bridge_memberlink" in done.stdout
    assert planted.seen_in(done.stdout) == []


def test_a_failure_in_the_middle_of_a_sign_in_shows_and_logs_no_secret(
    ann, planted, caplog, capfd, monkeypatch, settings
):
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("something of our own broke")

    ann.browser.raise_request_exception = False
    monkeypatch.setattr("oauth_bridge.members.links.link_member", fail)
    back = ann.at_the_platform(ann.depart())
    planted.note(code=parameters_of(back)["code"], state=parameters_of(back)["state"])

    for debug in (False, True):
        settings.DEBUG = debug
        response = ann.come_back(back) if not debug else ann.come_back(ann.at_the_platform(ann.depart()))
        assert response.status_code == 500
        assert "Something failed on our side" in response.content.decode()
        assert planted.seen_in(response.content.decode()) == []
    output = capfd.readouterr()
    logged = caplog.text + output.out + output.err
    assert "something of our own broke" in logged
    assert planted.seen_in(logged) == []


def test_reprs_hold_no_secret(ann, planted, client_of_alpha):
    ann.sign_in()
    planted.note(**tokens_of(ann))
    with organization_scope(ann.organization.pk):
        stored = [*MemberLink.objects.all(), *PlatformClient.objects.all()]
    texts = [repr(vars(one)) for one in stored] + [repr(one) for one in stored]

    assert planted.seen_in("\n".join(texts)) == []


def test_rotating_keys_reaches_the_tokens_and_the_secret(ann, alpha, settings, capsys):
    ann.sign_in()
    before = tokens_of(ann)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]
    call_command("rotate_credentials")
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]

    assert tokens_of(ann) == before
    client = clients.open_client(organization=alpha, environment="live")
    assert client is not None
    assert client.secret["secret"]

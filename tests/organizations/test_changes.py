"""What staff may change: connections; everything else is read-only. (Roles: test_staff.py.)"""

from contextlib import closing
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.pages import text_of
from tests.support.signed_in import signed_in
from vendor_admin.organizations import tasks
from vendor_admin.organizations.models import (
    AuditEntry,
    Connection,
    Organization,
    PlatformSession,
    StaffRole,
    User,
)
from vendor_admin.organizations.platform_access import platform_hosts
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import read_api_hosts
from vendor_admin.tradovate.outcomes import WrongHost

FORM = {
    "environment": "demo",
    "rest_url": "https://demo.tradovateapi.com/v1",
    "websocket_url": "wss://demo.tradovateapi.com/v1/websocket",
    "name": "api-user",
    "password": "p4ssw0rd-of-the-key",
    "app_id": "app",
    "cid": "12",
    "sec": "s3cret-of-the-key",
    "shard_count": "1",
}


def _connection(alpha: Organization) -> Connection:
    with organization_scope(alpha.pk):
        return Connection.objects.get()


def _password_of(name: str, client: Client) -> dict[str, str]:
    """A person's password as a form takes it, with the second factor that whoever decides needs to have."""
    user = User.objects.get(username=name)
    user.set_password("a-password-of-hers-1")
    user.save()
    signed_in(user, client=client)
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {}})
    return {"password": "a-password-of-hers-1"}


def test_an_owner_adds_a_connection_and_its_credentials_are_never_shown(alice: Client, alpha):
    response = alice.post(reverse("admin:organizations_connection_add"), FORM, follow=True)
    connection = _connection(alpha)
    edit = alice.get(reverse("admin:connection_edit", args=[connection.pk]))
    audit = alice.get(reverse("admin:organizations_auditentry_changelist"), follow=True)

    assert dict(connection.credentials)["sec"] == "s3cret-of-the-key"
    for page in (response, edit, audit):
        assert page.status_code == 200
        assert "s3cret-of-the-key" not in page.content.decode()
        assert "p4ssw0rd-of-the-key" not in page.content.decode()


def test_empty_credential_fields_keep_what_is_stored(alice: Client, alpha):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    changed = dict.fromkeys(("name", "password", "app_id", "cid", "sec"), "")
    changed |= {"rest_url": FORM["rest_url"], "websocket_url": FORM["websocket_url"], "shard_count": "2"}
    changed |= {"sharding": "modUserId"}

    alice.post(reverse("admin:connection_edit", args=[_connection(alpha).pk]), changed)

    connection = _connection(alpha)
    assert connection.shard_count == 2
    assert dict(connection.credentials)["sec"] == "s3cret-of-the-key"


def test_what_is_wrong_with_a_connection_stands_beside_its_field(alice: Client, alpha):
    response = alice.post(
        reverse("admin:organizations_connection_add"),
        FORM | {"websocket_url": "wss://demo.tradovateapi.com/v1", "sec": ""},
    )

    assert "must end in /websocket" in response.content.decode()
    with organization_scope(alpha.pk):
        assert not Connection.objects.exists()


def test_the_form_of_a_connection_calls_the_reason_optional_and_never_its_key(
    alpha: Organization, alice: Client
) -> None:
    page = text_of(alice.get(reverse("admin:organizations_connection_add")))
    assert 'Reason <span class="va-optional">optional</span> </label>' in page
    assert "> Key secret (sec) </label>" in page


def test_a_connection_is_paused_resumed_and_checked_by_owners_alone(alice, bob, charlie, alpha, monkeypatch):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    pk = _connection(alpha).pk
    asked = []
    monkeypatch.setattr(tasks.check_connection, "apply_async", lambda **named: asked.append(named))

    for name in ("pause", "resume", "check"):
        address = reverse(f"admin:connection_{name}", args=[pk])
        assert bob.post(address).status_code == 403
        assert charlie.post(address).status_code == 404
        assert alice.get(address).status_code == 405
    alice.post(reverse("admin:connection_pause", args=[pk]))
    assert not _connection(alpha).is_enabled
    alice.post(reverse("admin:connection_resume", args=[pk]))
    assert _connection(alpha).is_enabled
    alice.post(reverse("admin:connection_check", args=[pk]))
    again = alice.post(reverse("admin:connection_check", args=[pk]), follow=True).content.decode()
    assert "under way already" in again
    ids = {"connection_id": pk, "organization_id": alpha.pk}
    assert asked == [{"kwargs": ids, "retry": False, "expires": 60}]
    assert "Asked for" in alice.get(reverse("admin:organizations_connection_change", args=[pk])).content.decode()
    with organization_scope(alpha.pk):
        Connection.objects.update(check_requested_at=timezone.now() - timedelta(seconds=121))
    alice.post(reverse("admin:connection_check", args=[pk]))
    assert len(asked) == 2, "the first one was lost"


def test_a_paused_connection_is_removed_by_owners_alone(alice, bob, charlie, alpha, write):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    connection = _connection(alpha)
    address = reverse("admin:connection_remove", args=[connection.pk])
    lease = {"organization_id": alpha.pk, "connection_id": connection.pk, "environment": "demo", "shard": 0}
    write.insert("sync_lease", lease | {"holder": "", "fence": 1, "epoch": 1, "state": "paused", "reason": "",
                                         "advice": "", "events_stored": 0, "lag_ms": 0})  # fmt: skip
    assert "pause it first" in alice.post(address, {"reason": "x"}).content.decode()
    alice.post(reverse("admin:connection_pause", args=[connection.pk]))

    assert bob.get(address).status_code == bob.post(address).status_code == 403
    assert charlie.post(address).status_code == 404
    assert "shown as a gap" in alice.get(address).content.decode()
    page = alice.post(address, {"reason": "moved away"}, follow=True)

    assert page.context["rows"] == []
    for name in ("admin:sync_lease_changelist", "admin:index"):
        assert "DEMO socket" not in alice.get(reverse(name)).content.decode()
    assert alice.get(reverse("health")).context["health"]["sockets"] == []


def test_the_report_of_a_check_says_what_to_do(alice: Client, alpha):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    with organization_scope(alpha.pk):
        Connection.objects.update(
            checked_at="2026-11-20T15:00Z",
            check_report=[{"step": "sign in", "ok": False, "says": "Refused.", "advice": "Check the key."}],
        )

    page = alice.get(reverse("admin:organizations_connection_change", args=[_connection(alpha).pk])).content.decode()

    assert "to fix" in page
    assert "What to do: Check the key." in page


def test_an_operator_adds_an_organization_and_the_audit_knows(olga: Client):
    olga.post(reverse("admin:organizations_organization_add"), {"slug": "gamma", "name": "Gamma"})

    gamma = Organization.objects.get(slug="gamma")
    with organization_scope(gamma.pk):
        assert AuditEntry.objects.get().action == "organization added"
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("viewer", set()),
        ("support", {"admin:mirrors_account_export"}),
        ("risk", {"admin:mirrors_account_export", "admin:organizations_auditentry_changelist"}),
        ("finance", {"admin:mirrors_account_export", "admin:organizations_auditentry_changelist"}),
        (
            "owner",
            {
                "admin:mirrors_account_export",
                "admin:organizations_auditentry_changelist",
                "admin:organizations_staffrole_changelist",
                "admin:organizations_connection_add",
            },
        ),
    ],
)
def test_each_role_opens_what_the_table_of_rights_allows(alpha, role, allowed):
    user = User.objects.create_user("dora", kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization=alpha, role=role)
    client = signed_in(user)
    guarded = (
        "admin:mirrors_account_export",
        "admin:organizations_auditentry_changelist",
        "admin:organizations_staffrole_changelist",
        "admin:organizations_connection_add",
    )

    for name in guarded:
        with closing(client.get(reverse(name))) as answer:
            assert answer.status_code == (200 if name in allowed else 403), name
    for name in ("mirrors_account", "mirrors_order", "sync_entityevent", "sync_lease", "organizations_connection"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200


def test_mirrors_and_the_log_can_neither_be_added_to_nor_changed_nor_deleted(alice: Client, trading_day):
    trading_day(1)
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        if model._meta.app_label in ("mirrors", "sync"):
            assert alice.get(reverse(f"admin:{name}_add")).status_code == 403, name
            assert alice.post(reverse(f"admin:{name}_delete", args=[1])).status_code in (403, 404), name


def test_a_new_password_alone_keeps_the_rest_of_the_stored_credentials(alice: Client, alpha):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    before = dict(_connection(alpha).credentials)
    only_password = dict.fromkeys(("name", "app_id", "cid", "sec"), "") | {"password": "a-newer-one"}

    answer = alice.post(reverse("admin:connection_edit", args=[_connection(alpha).pk]), FORM | only_password)

    assert answer.status_code == 302
    assert _connection(alpha).credentials == before | {"password": "a-newer-one"}


def test_stored_secrets_are_not_sent_to_another_host(alice: Client, alpha):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    host = "demo-alpha7.tradovateapi.com"
    elsewhere = {"rest_url": f"https://{host}/v1", "websocket_url": f"wss://{host}/v1/websocket"}
    collector = {"rest_url": "https://collector.example/v1", "websocket_url": "wss://collector.example/v1/websocket"}
    address = reverse("admin:connection_edit", args=[_connection(alpha).pk])

    answer = alice.post(address, FORM | elsewhere | {"password": "", "sec": ""})

    assert "type the secrets" in answer.content.decode()
    assert _connection(alpha).rest_url == FORM["rest_url"]
    assert alice.post(address, FORM | elsewhere).status_code == 302
    assert _connection(alpha).rest_url == elsewhere["rest_url"]
    assert "not a host of the platform" in alice.post(address, FORM | collector).content.decode()
    assert _connection(alpha).rest_url == elsewhere["rest_url"]


def test_the_page_shows_configured_and_actual_host_and_an_owner_accepts_where_the_platform_pointed(
    alice: Client, alpha
):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    connection, new, now = _connection(alpha), "demo-alpha7.ninjatrader.com", timezone.now()
    page = reverse("admin:organizations_connection_change", args=[connection.pk])
    with organization_scope(alpha.pk):
        answer = WrongHost(307, new)
        platform_hosts.note_wrong_host(
            connection_id=connection.pk, answer=answer, host="demo.tradovateapi.com", now=now
        )
    shown = alice.get(page).content.decode()
    use_host = reverse("admin:connection_use_host", args=[connection.pk]) + f"?host={new}"
    assert use_host in shown
    given = _password_of("alice", alice) | {"reason": "ticket 77 of the platform"}
    reader = User.objects.create_user("rita", kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=reader, organization=alpha, role=StaffRole.Role.RISK)
    assert use_host not in signed_in(reader).get(page).content.decode()
    assert signed_in(reader).post(use_host, {"reason": "x"}).status_code == 403
    assert alice.post(use_host, given | {"reason": ""}).status_code == 200, "a reason is asked for"
    assert "not your password" in alice.post(use_host, given | {"password": "another"}).content.decode()
    assert f'href="{page}">Back' in alice.get(use_host).content.decode()
    assert _connection(alpha).platform_host == ""
    other = alice.post(use_host.replace(new, "collector.example"), given)
    assert "points to this host any more" in other.content.decode()
    assert _connection(alpha).platform_host == ""

    after = alice.post(use_host, given, follow=True).content.decode().replace("<wbr>", "")

    assert _connection(alpha).rest_url_in_use == f"https://{new}/v1"
    for words in (f"https://{new}/v1", FORM["rest_url"], "Accepted by"):
        assert words in after
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.reason) == ("platform host accepted", "ticket 77 of the platform")


def test_the_page_says_which_hosts_are_refused_and_why_a_token_is_not_renewed(alice: Client, alpha):
    alice.post(reverse("admin:organizations_connection_add"), FORM)
    connection, now = _connection(alpha), timezone.now()
    with organization_scope(alpha.pk):
        named = read_api_hosts({"apiHosts": {"demo": "<b>user@evil.test", "live": "live.tradovateapi.com"}})
        platform_hosts.learn(connection_id=connection.pk, version=connection.version, api_hosts=named, now=now)
        answer = WrongHost(307, "collector.example")
        platform_hosts.note_wrong_host(
            connection_id=connection.pk, answer=answer, host="demo.tradovateapi.com", now=now
        )
        PlatformSession.objects.create(
            organization=alpha,
            rest_url=connection.rest_url,
            credential_digest="x",
            expires_at=now,
            renewal_problem="The platform answered 500: error id: 11111111-2222.",
            renewal_failed_at=now,
        )
    shown = alice.get(reverse("admin:organizations_connection_change", args=[connection.pk])).content.decode()
    for words in (
        "&lt;b&gt;user@evil.test",
        "LIVE orders and accounts at live.tradovateapi.com",
        "DEMO orders and accounts at “&lt;b&gt;user@evil.test”",
        "collector.example",
        "error id: 11111111-2222",
    ):
        assert words in shown
    assert "use-host" not in shown
    assert "It cannot be used" in shown
    assert "has named no host" not in shown

import json
from typing import Any

import pytest
from django.db import IntegrityError
from django.db import connection as database
from django.utils import timezone

from tests.organizations.conftest import CREDENTIALS, SECRETS
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.encryption import Sealed, SecretDict
from vendor_admin.organizations.models import AuditEntry, Connection, Organization, PlatformSession
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.django_db

DEMO: dict[str, Any] = {
    "rest_url": "https://demo.tradovateapi.com/v1",
    "websocket_url": "wss://demo.tradovateapi.com/v1/websocket",
}
LIVE = {
    "rest_url": "https://live.tradovateapi.com/v1",
    "websocket_url": "wss://live.tradovateapi.com/v1/websocket",
}
STAGING = {
    "rest_url": "https://demo-api.staging.ninjatrader.dev/v1",
    "websocket_url": "wss://demo-api.staging.ninjatrader.dev/v1/websocket",
}
OTHER_KEY = CREDENTIALS | {"password": "of-the-other-key", "sec": "s3cr3t-of-the-other"}
STAGED: dict[str, Any] = STAGING | {"credentials": OTHER_KEY}


def connect(**values) -> Connection:
    fields = {
        "slug": "alpha",
        "environment": "demo",
        "actor": Actor.staff("test"),
        "credentials": CREDENTIALS,
        **DEMO,
        **values,
    }
    return connections.connect_organization(**fields)[0]


def audit_of(connection: Connection) -> list[AuditEntry]:
    with organization_scope(connection.organization_id):
        return list(AuditEntry.objects.order_by("id"))


def test_the_first_connection_makes_the_organization():
    connection, is_new = connections.connect_organization(
        slug="alpha-funding", environment="demo", actor=Actor.staff("test"), credentials=CREDENTIALS, **DEMO
    )
    assert is_new
    assert connection.version == 1
    assert connection.organization.name == "Alpha Funding"
    assert [entry.action for entry in audit_of(connection)] == ["organization added", "connection added"]


def test_connecting_again_with_the_same_values_changes_nothing():
    first = connect()
    again, is_new = connections.connect_organization(
        slug="alpha", environment="demo", actor=Actor.staff("test"), credentials=CREDENTIALS, **DEMO
    )
    assert (is_new, again.pk, again.version) == (False, first.pk, 1)
    assert len(audit_of(first)) == 2


def test_both_environments_of_one_key_log_in_as_one_device():
    given = {name: value for name, value in CREDENTIALS.items() if name != "device_id"}
    demo = connect(credentials=given)
    live = connect(environment="live", credentials=given, **LIVE)
    stranger = connect(slug="beta", credentials=given)
    assert demo.credentials["device_id"] == live.credentials["device_id"] != stranger.credentials["device_id"]


def test_a_connection_whose_other_one_cannot_be_decrypted_gets_a_device_of_its_own():
    demo = connect()
    with organization_scope(demo.organization_id):
        Connection.objects.update(credentials=Sealed("nothing that any key opens"))
    given = {name: value for name, value in CREDENTIALS.items() if name != "device_id"}
    assert connect(environment="live", credentials=given, **LIVE).credentials["device_id"]


def test_a_wrong_connection_leaves_no_organization_behind():
    with pytest.raises(InvalidFields):
        connect(rest_url="http://demo.tradovateapi.com/v1")
    assert not Organization.objects.exists()


def test_each_change_raises_the_version_and_is_audited_with_old_and_new():
    connection = connect()
    moved = connections.repoint_connection(
        connection=connection, actor=Actor.staff("alice"), reason="staging first", **STAGED
    )
    paused = connections.pause_connection(connection=moved, actor=Actor.staff("alice"))
    resumed = connections.resume_connection(connection=paused, actor=Actor.staff("alice"))
    assert [moved.version, paused.version, resumed.version] == [2, 3, 4]
    assert (paused.is_enabled, resumed.is_enabled) == (False, True)
    entry = audit_of(connection)[2]
    assert (entry.action, entry.actor, entry.reason) == ("connection re-pointed", "alice", "staging first")
    assert {name: entry.old[name] for name in DEMO} == DEMO
    assert {name: entry.new[name] for name in STAGING} == STAGING


def at(origin: str) -> dict[str, str]:
    return {"rest_url": f"https://{origin}/v1", "websocket_url": f"wss://{origin}/v1/websocket"}


@pytest.mark.parametrize(
    "origin", ["demo-alpha7.tradovateapi.com", "demo.tradovateapi.com:8443", "demo.ninjatrader.dev"]
)
@pytest.mark.parametrize("given", [None, {}, {"password": "new"}, {"sec": "new"}])
def test_stored_secrets_go_to_no_other_origin_than_the_one_they_were_given_for(origin, given):
    connection = connect()
    changes = at(origin) | ({} if given is None else {"credentials": given})

    with pytest.raises(InvalidFields) as caught:
        connections.update_connection(connection=connection, changes=changes, actor=Actor.staff("alice"))

    assert caught.value.texts.keys() <= {"password", "sec"}
    assert "type the secrets" in str(caught.value)
    with organization_scope(connection.organization_id):
        assert Connection.objects.get().rest_url == DEMO["rest_url"]
    given_again = {"password": "new", "sec": "new"}
    moved = connections.update_connection(
        connection=connection, changes=changes | {"credentials": given_again}, actor=Actor.staff("alice")
    )
    assert moved.rest_url == changes["rest_url"]


def test_another_path_of_the_same_origin_keeps_the_stored_secrets():
    changes = {"rest_url": "https://DEMO.tradovateapi.com:443/v2"}
    moved = connections.update_connection(connection=connect(), changes=changes, actor=Actor.staff("alice"))
    assert moved.credentials["password"] == CREDENTIALS["password"]


def test_a_connection_whose_addresses_are_no_longer_allowed_can_be_paused():
    connection = connect()
    with organization_scope(connection.organization_id):
        Connection.objects.update(websocket_url="wss://elsewhere.example/v1/websocket")
    paused = connections.pause_connection(connection=connection, actor=Actor.staff("alice"))
    assert not paused.is_enabled
    with pytest.raises(InvalidFields, match="not a host of the platform"):
        connections.resume_connection(connection=paused, actor=Actor.staff("alice"))


def test_a_changed_password_is_audited_without_the_password():
    connection = connect()
    changed = connections.update_connection(
        connection=connection,
        changes={"credentials": CREDENTIALS | {"password": "another-secret"}},
        actor=Actor.staff("alice"),
    )
    assert changed.version == 2
    assert changed.credentials["password"] == "another-secret"
    written = json.dumps([[entry.old, entry.new, entry.subject] for entry in audit_of(connection)])
    assert "credentials" in written
    for secret in (*SECRETS.values(), "another-secret"):
        assert secret not in written


def test_a_change_forgets_the_last_check_but_a_pause_does_not():
    connection = connect()
    with organization_scope(connection.organization_id):
        Connection.objects.update(check_report=[{"step": "x"}])
    assert connections.pause_connection(connection=connection, actor=Actor.staff("a")).check_report
    assert not connections.repoint_connection(connection=connection, actor=Actor.staff("a"), **STAGED).check_report


def test_demo_data_cannot_be_connected_to_a_real_platform():
    with pytest.raises(InvalidFields, match="demo data"):
        connect(is_simulated=True)
    sandbox = {
        "rest_url": "http://127.0.0.1:8000/demo/v1",
        "websocket_url": "ws://127.0.0.1:8000/demo/v1/websocket",
    }
    connection = connect(is_simulated=True, **sandbox)
    with pytest.raises(InvalidFields, match="demo data"):
        connections.repoint_connection(connection=connection, actor=Actor.staff("a"), credentials=CREDENTIALS, **DEMO)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"sharding": "modAccountId", "shard_count": 51}, "shard_count"),
        ({"shard_count": 2}, "sharding"),
        ({"sharding": "byColour"}, "sharding"),
        ({"entity_types": ["ordr"]}, "entity_types"),
        ({"credentials": {}}, "credentials"),
    ],
)
def test_every_problem_names_its_field(values, field):
    with pytest.raises(InvalidFields) as caught:
        connect(**values)
    assert list(caught.value.texts) == [field]


def test_a_second_connection_of_an_environment_is_refused():
    connection = connect()
    with pytest.raises(InvalidFields, match="already"):
        connections.add_connection(
            organization=connection.organization,
            environment="demo",
            actor=Actor.staff("a"),
            credentials=CREDENTIALS,
            **DEMO,
        )


def test_the_audit_cannot_be_changed_by_the_role_that_writes_it():
    connection = connect()
    with organization_scope(connection.organization_id), database.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(current_user, 'organizations_auditentry', 'UPDATE'), "
            "has_table_privilege(current_user, 'organizations_auditentry', 'DELETE')"
        )
        assert cursor.fetchone() == (False, False)


def test_masking_reaches_into_lists_and_objects():
    value = {
        "name": "n",
        "accessToken": "t",
        "sec": "s",
        "inner": [{"password": "p", "balance": 5}],
        "all": SecretDict(a="b"),
    }
    assert audit.masked(value) == {
        "name": "n",
        "accessToken": audit.MASK,
        "sec": audit.MASK,
        "inner": [{"password": audit.MASK, "balance": 5}],
        "all": {"a": audit.MASK},
    }


class TestRemoving:
    def test_a_connection_in_use_is_not_removed(self):
        connection = connect()
        with pytest.raises(InvalidFields, match="pause it first"):
            connections.remove_connection(connection=connection, actor=Actor.staff("alice"))

    def test_credentials_and_token_are_erased_and_the_audit_says_who_and_why(self, platform, now):
        connection = connect()
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        tokens.access_token(**ids, now=now)
        paused = connections.pause_connection(connection=connection, actor=Actor.staff("alice"))

        connections.remove_connection(connection=paused, actor=Actor.staff("alice"), reason="moved away")

        with organization_scope(connection.organization_id):
            assert not Connection.objects.exists()
            assert not PlatformSession.objects.exists()
            assert Connection.unscoped.get().credentials == {}
        entry = audit_of(connection)[-1]
        assert (entry.action, entry.actor, entry.reason) == ("connection removed", "alice", "moved away")
        assert not any(secret in json.dumps(entry.old) for secret in SECRETS.values())
        with pytest.raises(tokens.TokenUnavailable):
            tokens.access_token(**ids, now=now)

    def test_an_environment_is_connected_again_where_its_gaps_go_on(self):
        connection = connections.pause_connection(connection=connect(), actor=Actor.staff("a"))
        connections.remove_connection(connection=connection, actor=Actor.staff("a"))

        again = connect(**STAGING)

        assert again.pk == connection.pk
        assert (again.is_enabled, again.rest_url) == (True, STAGING["rest_url"])
        assert again.version > connection.version
        assert again.credentials["password"] == CREDENTIALS["password"]
        assert audit_of(connection)[-1].action == "connection added"

    def test_a_removed_connection_cannot_keep_secrets(self):
        connection = connect()
        with pytest.raises(IntegrityError), organization_scope(connection.organization_id):
            Connection.unscoped.filter(pk=connection.pk).update(removed_at=timezone.now())

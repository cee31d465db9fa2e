import io
import json
import secrets
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection as database
from django.utils import timezone
from psycopg import sql

from tests.organizations.conftest import CREDENTIALS, SECRETS
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.management.commands.rotate_credentials import encrypted_fields
from vendor_admin.organizations.models import AuditEntry, Connection, Organization, RateLock, StaffRole, User
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy.scope import organization_scope

ADDRESSES = (
    "--rest-url=https://demo.tradovateapi.com/v1",
    "--websocket-url=wss://demo.tradovateapi.com/v1/websocket",
)


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=out, no_color=True)
    return out.getvalue()


@pytest.fixture
def credentials_file(tmp_path: Path) -> Path:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(CREDENTIALS))
    return path


@pytest.mark.django_db
class TestConnectOrganization:
    def test_it_says_what_it_did_and_what_comes_next(self, credentials_file):
        out = run("connect_organization", "alpha", "--environment=demo", *ADDRESSES, "--credentials", credentials_file)
        assert "Alpha DEMO: connection added" in out
        assert "manage.py check_connection alpha --environment demo" in out
        assert not any(secret in out for secret in SECRETS.values())

    def test_a_second_run_keeps_what_it_does_not_name(self, credentials_file):
        base = ("connect_organization", "alpha", "--environment=demo", *ADDRESSES, "--credentials", credentials_file)
        run(*base, "--sharding=modAccountId", "--shards=3", "--entity-types=order, fill")
        out = run(*base)
        assert "up to date (version 1)" in out
        with organization_scope(Organization.objects.get().pk):
            connection = Connection.objects.get()
        assert (connection.shard_count, connection.entity_types) == (3, ["order", "fill"])

    def test_every_mistake_is_told_at_once(self, credentials_file):
        with pytest.raises(CommandError) as caught:
            run(
                *("connect_organization", "alpha", "--environment=live", *ADDRESSES),
                *("--credentials", credentials_file, "--entity-types=ordr"),
            )
        text = str(caught.value)
        assert "Nothing was changed" in text
        assert "--environment demo" in text
        assert "Did you mean order" in text
        assert not Organization.objects.exists()

    @pytest.mark.parametrize("content", ['{"password": "hunter2-hunter2"', '["hunter2-hunter2"]'])
    def test_a_broken_credentials_file_is_not_quoted(self, tmp_path, content):
        path = tmp_path / "key.json"
        path.write_text(content)
        with pytest.raises(CommandError, match="JSON object") as caught:
            run("connect_organization", "alpha", "--environment=demo", *ADDRESSES, "--credentials", path)
        assert "hunter2" not in str(caught.value)

    def test_a_missing_credentials_file_is_named(self, tmp_path):
        with pytest.raises(CommandError, match="cannot be read: No such file"):
            run("connect_organization", "alpha", "--environment=demo", *ADDRESSES, "--credentials", tmp_path / "none")


@pytest.mark.django_db
class TestCheckConnection:
    def test_an_unknown_organization_gets_the_known_ones(self, make_connection):
        make_connection()
        with pytest.raises(CommandError, match="known: alpha"):
            run("check_connection", "alhpa")

    def test_an_environment_without_connection_gets_the_next_step(self, make_connection):
        make_connection()
        with pytest.raises(CommandError, match="connect_organization alpha"):
            run("check_connection", "alpha", "--environment=live")

    def test_findings_are_printed_with_what_to_do(self, make_connection, capsys):
        make_connection(is_enabled=False)
        out = io.StringIO()
        with pytest.raises(CommandError, match="Alpha DEMO"):
            call_command("check_connection", "alpha", stdout=out, no_color=True)
        assert "ok   addresses" in out.getvalue()
        assert "FAIL reach 127.0.0.1:9" in out.getvalue()
        assert "-> Check address and port" in out.getvalue()
        assert "paused" in out.getvalue()


@pytest.mark.django_db
class TestCreateOperator:
    def test_an_operator_can_be_made_by_a_script(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("correct-horse-battery\n"))
        assert "/admin/" in run("create_operator", "olivia")
        user = User.objects.get()
        assert (user.is_operator, user.is_staff, user.is_superuser) == (True, True, True)
        assert user.check_password("correct-horse-battery")

    def test_a_weak_password_or_a_known_name_makes_nobody(self, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO("12345\n"))
        with pytest.raises(CommandError, match="No operator was made"):
            run("create_operator", "olivia")
        User.objects.create(username="olivia")
        with pytest.raises(CommandError, match="changepassword olivia"):
            run("create_operator", "olivia")


@pytest.mark.django_db
class TestRotateCredentials:
    def raw(self) -> list[str]:
        with database.cursor() as cursor:
            cursor.execute(
                "SELECT credentials FROM organizations_connection UNION SELECT ticket FROM organizations_ratelock"
            )
            return [row[0] for row in cursor.fetchall()]

    def test_every_secret_opens_with_the_new_key_alone(self, make_connection, settings):
        connection = make_connection()
        budgets.lock(key="k", until=timezone.now(), reason="x", ticket="the-ticket")
        version = connection.version
        new_key = Fernet.generate_key().decode()
        settings.CREDENTIAL_KEYS = [new_key, *settings.CREDENTIAL_KEYS]
        assert "2 secrets" in run("rotate_credentials")
        settings.CREDENTIAL_KEYS = [new_key]
        with organization_scope(connection.organization_id):
            stored = Connection.objects.get()
        assert stored.credentials == CREDENTIALS
        assert stored.version == version  # nothing changed for the hubs
        assert RateLock.objects.get().ticket["p-ticket"] == "the-ticket"

    def test_what_no_key_opens_is_left_alone_and_told(self, make_connection, settings):
        connection = make_connection()
        settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
        with organization_scope(connection.organization_id):
            before = self.raw()
            with pytest.raises(CommandError, match="1 secrets could not be decrypted"):
                run("rotate_credentials")
            assert self.raw() == before

    def test_all_fields_with_secrets_are_known(self):
        found = {f"{model.__name__}.{field.name}" for model, field in encrypted_fields()}
        assert found >= {"Connection.credentials", "PlatformSession.token", "RateLock.ticket"}


class TestRemoveDemoData:
    @pytest.fixture
    def demo_and_real(self, committed_db, make_connection) -> tuple[Organization, Organization]:
        demo, real = make_connection(slug="demo").organization, make_connection(slug="real").organization
        with organization_scope(demo.pk):
            Organization.objects.filter(pk=demo.pk).update(is_simulated=True)
        for organization in (demo, real):
            with organization_scope(organization.pk):
                audit.record(organization=organization, actor=Actor.staff("a"), action="b", subject="c")
        User.objects.create(username="operator", kind="operator", is_staff=True, is_simulated=True)
        User.objects.create(username="olivia", kind="operator", is_staff=True)
        for name, organizations in {"only-demo": [demo], "both": [demo, real], "only-real": [real]}.items():
            user = User.objects.create(username=name, is_staff=True, is_simulated=name == "both")
            for organization in organizations:
                StaffRole.objects.create(user=user, organization=organization)
        return demo, real

    def test_it_removes_everything_of_demo_data_and_nothing_of_real_ones(self, demo_and_real):
        _, real = demo_and_real
        out = run("remove_demo_data", "--yes")
        assert "organizations_auditentry" in out
        assert list(Organization.objects.all()) == [real]
        assert set(User.objects.values_list("username", flat=True)) == {"both", "only-real", "olivia"}
        assert StaffRole.objects.count() == 2
        with organization_scope(real.pk):
            assert (Connection.objects.count(), AuditEntry.objects.count()) == (1, 1)
        assert "no demo data" in run("remove_demo_data", "--yes")

    def test_it_asks_and_does_nothing_without_a_yes(self, demo_and_real, monkeypatch):
        monkeypatch.setattr("builtins.input", lambda prompt: "y")
        with pytest.raises(CommandError, match="Nothing was removed"):
            run("remove_demo_data")
        assert Organization.objects.count() == 2

    def test_without_a_terminal_it_names_the_option(self, demo_and_real, monkeypatch):
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(CommandError, match="--yes"):
            run("remove_demo_data")
        assert Organization.objects.count() == 2

    def test_seeded_users_go_even_where_their_organizations_are_gone_already(self, committed_db):
        User.objects.create(username="operator", kind="operator", is_staff=True, is_simulated=True)
        assert "operator" in run("remove_demo_data", "--yes")
        assert not User.objects.exists()


class TestEnsureRoles:
    @pytest.fixture
    def fresh_names(self, database_urls, settings, admin_connection, monkeypatch):
        """Settings that name roles and a database which do not exist yet; all are dropped afterwards."""
        suffix, password = secrets.token_hex(4), "pa'ss word-" + secrets.token_hex(4)
        place = database_urls["admin"].rpartition("@")[2].partition("/")[0]
        for role in ("owner", "app", "hub"):
            name = f"fresh_{role}_{suffix}"
            setattr(settings, f"{role.upper()}_ROLE", name)
            url = psycopg_url(name, password, place, f"fresh_{suffix}")
            setattr(settings, f"DATABASE_{role.upper()}_URL", url)
        monkeypatch.setenv("DATABASE_ADMIN_URL", database_urls["admin"])
        yield password
        admin_connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(f"fresh_{suffix}")))
        for role in ("owner", "app", "hub"):
            admin_connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(f"fresh_{role}_{suffix}")))

    def test_it_makes_roles_database_and_rights_and_may_run_again(self, fresh_names, settings):
        first, second = run("ensure_roles"), run("ensure_roles")
        assert "Made the role" in first
        assert "Made" not in second
        assert fresh_names not in first + second
        with psycopg.connect(settings.DATABASE_OWNER_URL) as owner:
            owner.execute("CREATE TABLE things (id bigint GENERATED BY DEFAULT AS IDENTITY)")
            assert owner.execute("SELECT similarity('abc', 'abd') > 0").fetchone() == (True,)
        with psycopg.connect(settings.DATABASE_APP_URL) as app:
            app.execute("INSERT INTO things DEFAULT VALUES")
            facts = "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            assert app.execute(facts).fetchone() == (False, False)
            for kind in ("", "TEMPORARY"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), app.transaction():
                    app.execute(f"CREATE {kind} TABLE mine (id int)")
        with psycopg.connect(settings.DATABASE_HUB_URL) as hub, pytest.raises(psycopg.errors.InsufficientPrivilege):
            hub.execute("SELECT * FROM things")

    def test_a_superuser_role_is_taken_down(self, fresh_names, settings, admin_connection):
        run("ensure_roles")
        app = sql.Identifier(settings.APP_ROLE)
        admin_connection.execute(sql.SQL("ALTER ROLE {} SUPERUSER BYPASSRLS").format(app))
        assert "Took SUPERUSER" in run("ensure_roles")
        query = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s"
        assert admin_connection.execute(query, [settings.APP_ROLE]).fetchone() == (False,)

    def test_a_login_that_may_not_create_roles_prints_the_sql_without_passwords(
        self, fresh_names, database_urls, monkeypatch
    ):
        monkeypatch.setenv("DATABASE_ADMIN_URL", database_urls["app"])
        with pytest.raises(CommandError) as caught:
            run("ensure_roles")
        text = str(caught.value)
        assert "CREATE ROLE" in text
        assert "CREATE DATABASE" in text
        assert "the password in DATABASE_URL" in text
        assert fresh_names not in text
        assert fresh_names.replace("'", "''") not in text

    @pytest.fixture
    def role_creator(self, database_urls, admin_connection):
        """Address of a login that may create roles and databases and is no superuser."""
        name, password = f"creator_{secrets.token_hex(4)}", secrets.token_hex(8)
        role = sql.Identifier(name)
        admin_connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(role, sql.Literal(password))
        )
        place = database_urls["admin"].rpartition("@")[2].partition("/")[0]
        yield psycopg_url(name, password, place, "postgres")
        admin_connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
        admin_connection.execute(sql.SQL("DROP ROLE {}").format(role))

    def test_a_login_that_may_create_roles_without_being_superuser_is_enough(
        self, role_creator, fresh_names, monkeypatch
    ):
        monkeypatch.setenv("DATABASE_ADMIN_URL", role_creator)
        assert "in place" in run("ensure_roles")
        assert "in place" in run("ensure_roles")


def psycopg_url(name: str, password: str, place: str, database_name: str) -> str:
    return f"postgresql://{name}:{quote(password, safe='')}@{place}/{database_name}"

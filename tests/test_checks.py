import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from psycopg import sql

from vendor_admin import checks
from vendor_admin.sync.log import history, partitions


def ids(messages) -> list[str]:
    return [message.id for message in messages]


def test_missing_and_malformed_credential_keys_are_errors(settings):
    settings.CREDENTIAL_KEYS = []
    assert ids(checks.credential_keys()) == ["vendor_admin.E001"]
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), "short-key"]
    (message,) = checks.credential_keys()
    assert message.id == "vendor_admin.E002"
    assert "short-key" not in message.msg
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]
    assert checks.credential_keys() == []


@pytest.mark.parametrize("domain", ["com", "*.example.com", ".example.com", "example.com:80", "Example.com", ""])
def test_a_platform_domain_that_is_none_is_an_error(settings, domain):
    assert checks.platform_hosts() == []
    settings.PLATFORM_HOSTS = (*settings.PLATFORM_HOSTS, domain)
    assert ids(checks.platform_hosts()) == ["vendor_admin.E008"]


def test_a_missing_syncz_token_is_a_warning_in_production_only(settings):
    settings.SYNCZ_TOKEN, settings.DEBUG = "", False
    assert ids(checks.syncz_token()) == ["vendor_admin.W001"]
    settings.DEBUG = True
    assert checks.syncz_token() == []


def test_behind_a_proxy_a_missing_syncz_token_shuts_everybody_out(settings):
    settings.SYNCZ_TOKEN, settings.DEBUG, settings.BEHIND_PROXY = "", False, True
    (message,) = checks.syncz_token()
    assert "answers nobody" in message.msg


@pytest.mark.parametrize(
    ("name", "least"),
    [("EVENT_RETENTION_DAYS", 30), ("COMPARISON_RETENTION_DAYS", 7), ("QUARANTINE_RETENTION_DAYS", 7)],
)
def test_a_retention_below_its_floor_is_an_error_and_drops_nothing(settings, name, least):
    setattr(settings, name, least)
    assert checks.retentions() == []
    setattr(settings, name, least - 1)
    (message,) = checks.retentions()
    assert message.id == "vendor_admin.E006"
    assert f"At least {least} days" in message.msg
    with pytest.raises(ImproperlyConfigured, match=f"At least {least} days"):
        history.forget_old_history()


def test_a_log_that_is_kept_too_short_loses_no_month(settings):
    settings.EVENT_RETENTION_DAYS = 29
    with pytest.raises(ImproperlyConfigured, match="At least 30 days"):
        partitions.keep_partitions(now=timezone.now())


def test_an_assumed_role_is_called_a_safety_net(settings):
    settings.DATABASE_ASSUME_ROLE = "app"
    (message,) = checks.database_logins()
    assert "safety net, not a wall" in message.msg


@pytest.mark.django_db
class TestRoles:
    def test_the_suites_own_roles_are_fine(self):
        assert checks.database_roles() == []

    def test_a_missing_role_is_an_error_with_the_sql(self, settings):
        settings.HUB_ROLE = "nobody_made_this_role"
        (message,) = checks.database_roles()
        assert message.id == "vendor_admin.E003"
        assert 'CREATE ROLE "nobody_made_this_role"' in str(message.hint)

    def test_serving_as_the_owner_of_the_tables_is_an_error(self, settings):
        settings.APP_ROLE = settings.OWNER_ROLE
        (message,) = checks.database_roles()
        assert message.id == "vendor_admin.E005"
        assert "DATABASE_ASSUME_ROLE" in str(message.hint)

    def test_serving_as_a_superuser_is_an_error_with_the_sql(self, settings, admin_connection):
        settings.APP_ROLE = admin_connection.execute("SELECT current_user").fetchone()[0]
        messages = checks.database_roles()
        assert "vendor_admin.E004" in ids(messages)
        assert "NOSUPERUSER NOBYPASSRLS" in str(messages[0].hint)

    def test_a_role_that_bypasses_row_level_security_is_an_error(self, settings, admin_connection):
        admin_connection.execute(sql.SQL("CREATE ROLE bypassing_role BYPASSRLS"))
        try:
            settings.APP_ROLE = "bypassing_role"
            assert ids(checks.database_roles()) == ["vendor_admin.E004"]
        finally:
            admin_connection.execute(sql.SQL("DROP ROLE bypassing_role"))

    def test_a_role_that_may_make_temporary_tables_again_is_warned_of(self, settings, admin_connection):
        database = sql.Identifier(admin_connection.info.dbname)
        admin_connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(database))
        try:
            messages = checks.database_roles()
            assert ids(messages) == ["vendor_admin.W005", "vendor_admin.W005"]
            assert "ensure_roles" in str(messages[0].hint)
        finally:
            admin_connection.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))

    def test_commands_that_work_without_roles_are_not_asked(self, settings):
        settings.APP_ROLE = "nobody_made_this_role"
        settings.COMMAND = "demo"
        assert checks.database_roles() == []

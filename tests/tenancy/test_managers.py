"""The wall in code, and each wall alone: either holds while the other one is down."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.apps import apps
from django.db import connection, models

from tests.tenancy.catalog import ALPHA, BRAVO
from vendor_admin.mirrors.models import Account
from vendor_admin.organizations.models import AuditEntry, StaffRole
from vendor_admin.organizations.tenancy.scope import ScopedManager, organization_scope, organizations_in_scope


def owned_models() -> list[type[models.Model]]:
    """Models whose rows belong to an organization. Staff roles tell which organizations a user may see at all."""
    return [
        model
        for model in apps.get_models()
        if model is not StaffRole and any(field.name == "organization" for field in model._meta.concrete_fields)
    ]


def seen(manager: models.Manager) -> list[int]:
    return sorted(manager.values_list("organization_id", flat=True))


@pytest.fixture
def without_row_level_security(two_organizations: list[str], database_urls: dict[str, str]) -> Iterator[None]:
    """Django as the owner, who sees every row: only the code's wall stands."""
    owner = urlsplit(database_urls["owner"])
    kept = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= {"USER": owner.username, "PASSWORD": unquote(owner.password or "")}
    yield
    connection.close()
    connection.settings_dict |= {"USER": kept["USER"], "PASSWORD": kept["PASSWORD"]}


def test_every_model_of_an_organization_has_the_scoped_manager() -> None:
    found = owned_models()
    assert len(found) > 40
    for model in found:
        assert isinstance(model._default_manager, ScopedManager), model
        assert isinstance(model._meta.managers_map["objects"], ScopedManager), model


def test_the_managers_hold_alone(without_row_level_security: None) -> None:
    for model in owned_models():
        assert seen(model._meta.managers_map["unscoped"]) == [ALPHA, BRAVO], f"{model}: the other wall is still up"
        assert seen(model._default_manager) == []
        with organization_scope(ALPHA):
            assert seen(model._default_manager) == [ALPHA]
        with organization_scope(ALPHA, BRAVO):
            assert seen(model._default_manager) == [ALPHA, BRAVO]


def test_the_policies_hold_alone(two_organizations: list[str]) -> None:
    for model in owned_models():
        manager = model._meta.managers_map["unscoped"]
        assert seen(manager) == []
        with organization_scope(BRAVO):
            assert seen(manager) == [BRAVO], model


def test_a_row_of_another_organization_cannot_be_had_by_its_id(two_organizations: list[str]) -> None:
    with organization_scope(ALPHA):
        assert not AuditEntry.objects.filter(pk=BRAVO).exists()
        with pytest.raises(AuditEntry.DoesNotExist):
            AuditEntry.objects.get(pk=BRAVO)
        assert not Account.objects.filter(organization_id=BRAVO).exists()


def test_a_scope_ends_with_its_block_and_with_an_error(two_organizations: list[str]) -> None:
    with organization_scope(ALPHA):
        with organization_scope(BRAVO):
            assert seen(Account.unscoped) == [BRAVO]
        assert organizations_in_scope() == (ALPHA,)
        assert seen(Account.unscoped) == [ALPHA]
        with pytest.raises(ZeroDivisionError), organization_scope(BRAVO):
            raise ZeroDivisionError
        assert organizations_in_scope() == (ALPHA,)
        assert seen(Account.unscoped) == [ALPHA]
    assert organizations_in_scope() == ()
    assert seen(Account.unscoped) == []


def test_a_broken_statement_does_not_leave_the_scope_open(two_organizations: list[str]) -> None:
    with pytest.raises(Exception, match="division by zero"):
        with organization_scope(ALPHA), connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
    assert organizations_in_scope() == ()
    assert seen(Account.unscoped) == []


def test_the_setting_itself_shows_no_more_than_it_names(
    two_organizations: list[str], app_connection: psycopg.Connection
) -> None:
    for value in ("{}", "", f"{{{BRAVO}}}"):
        app_connection.execute("SELECT set_config('app.orgs', %s, false)", [value])
        rows = app_connection.execute("SELECT organization_id FROM mirrors_account").fetchall()
        assert rows == ([(BRAVO,)] if str(BRAVO) in value else [])
    for value in ("everything", "*", "{1", "900001", "{NULL}"):
        app_connection.execute("SELECT set_config('app.orgs', %s, false)", [value])
        try:
            assert app_connection.execute("SELECT organization_id FROM mirrors_account").fetchall() == []
        except psycopg.DataError:
            continue


def test_a_durable_scope_must_be_the_outermost(two_organizations: list[str]) -> None:
    with organization_scope(ALPHA, durable=True):
        assert seen(Account.unscoped) == [ALPHA]
    assert seen(Account.unscoped) == []
    with (
        organization_scope(ALPHA),
        pytest.raises(RuntimeError, match="durable"),
        organization_scope(BRAVO, durable=True),
    ):
        pass


def test_settings_of_a_scope_hold_in_its_transaction_alone(two_organizations: list[str]) -> None:
    def shown() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT concat_ws(' ', current_setting('synchronous_commit'), current_setting('app.orgs'))")
            return str(cursor.fetchone()[0])

    with organization_scope(ALPHA, settings={"synchronous_commit": "off", "app.orgs": f"{{{BRAVO}}}"}):
        assert shown() == f"off {{{ALPHA}}}", "who may be seen is no setting among others"
    with organization_scope(ALPHA):
        assert shown() == f"on {{{ALPHA}}}"

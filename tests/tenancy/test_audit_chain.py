"""The audit cannot be back-dated by the role that writes it, and its chain tells what somebody with more rights did."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg import sql

from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.audit_chain import seal_new_entries
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# As the app role: whatever it says about the id, the time and the chain.
FORGED = """
INSERT INTO organizations_auditentry (id, organization_id, at, actor, actor_kind, actor_id, action, subject, old, new,
                                      reason, request_id, position, sealed_at, digest)
VALUES (7, %s, '2020-01-01Z', 'nobody', 'staff', 'nobody', 'back-dated', 'x', '{}', '{}', '', '',
        1, '2020-01-01Z', '\\x00')
"""
FORGED_ACCESS = """
INSERT INTO organizations_accessentry (id, at, actor, actor_kind, actor_id, action, subject, old, new, reason,
                                       request_id, caller_request_id)
VALUES (7, '2020-01-01Z', 'nobody', 'staff', 'nobody', 'back-dated', 'x', '{}', '{}', '', '', '')
"""


@pytest.fixture
def alpha(committed_db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha")


@pytest.fixture
def app(alpha: Organization, database_urls: dict[str, str]):
    with psycopg.connect(database_urls["app"]) as connection:
        connection.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{alpha.pk}}}"])
        yield connection


def note(organization: Organization, *actions: str) -> None:
    for action in actions:
        with organization_scope(organization.pk):
            audit.record(
                organization=organization,
                actor=Actor.staff("alice"),
                action=action,
                subject="a thing",
                new={"n": 1.5},
                subject_kind="plan",
                subject_id=7,
            )


def chain(organization: Organization) -> list[tuple[int | None, str]]:
    with organization_scope(organization.pk):
        return list(AuditEntry.objects.order_by("position", "id").values_list("position", "action"))


def verified(*arguments: str) -> str:
    """What `verify_audit` prints; its last words too where it ends with an error."""
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out, no_color=True)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def head_of(organization: Organization) -> str:
    [head] = [word for word in verified(organization.slug).split() if word.startswith(f"{organization.slug}:1")]
    return head


def test_the_app_role_cannot_say_when_something_happened_nor_where_it_stands(
    app: psycopg.Connection, alpha: Organization, owner_connection: psycopg.Connection
) -> None:
    app.execute(FORGED, [alpha.pk])
    app.execute(FORGED_ACCESS)
    app.commit()
    for table in ("organizations_auditentry", "organizations_accessentry"):
        query = sql.SQL("SELECT id, at, clock_timestamp() FROM {}").format(sql.Identifier(table))
        row = owner_connection.execute(query).fetchone()
        assert row is not None
        assert row[0] != 7
        assert row[2] - timedelta(minutes=1) < row[1] <= row[2]
    assert chain(alpha) == [(None, "back-dated")]


def test_the_owner_puts_rows_back_as_they_were(owner_connection: psycopg.Connection, alpha: Organization) -> None:
    owner_connection.execute(FORGED, [alpha.pk])
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get()
    assert (entry.pk, entry.at, entry.position) == (7, LONG_AGO, 1)


def test_rows_are_numbered_without_gaps_whenever_their_transactions_end(
    app: psycopg.Connection, alpha: Organization
) -> None:
    app.execute(FORGED, [alpha.pk])
    note(alpha, "second")
    assert seal_new_entries() == 1
    app.rollback()
    app.execute("SELECT set_config('app.orgs', %s, false)", [f"{{{alpha.pk}}}"])
    app.execute(FORGED, [alpha.pk])
    note(alpha, "third")
    assert seal_new_entries() == 1
    app.commit()
    assert seal_new_entries() == 1
    assert chain(alpha) == [(1, "second"), (2, "third"), (3, "back-dated")]
    assert "alpha: whole. Head alpha:3:" in verified()


def test_whoever_seals_holds_up_nobody_and_does_it_alone(
    app: psycopg.Connection, alpha: Organization, committed_db: None
) -> None:
    note(alpha, "first")
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '10s'")
    assert app.execute("SELECT sealed FROM organizations_seal_audit(10)").fetchall() == [(1,)]
    with transaction.atomic():
        with organization_scope(alpha.pk):
            AuditEntry.objects.only("id").get()
        note(alpha, "while it is sealed")
    assert seal_new_entries() == 0, "another one is at it"
    app.commit()
    assert seal_new_entries() == 1
    assert chain(alpha) == [(1, "first"), (2, "while it is sealed")]


def test_each_organization_has_a_chain_of_its_own(alpha: Organization) -> None:
    beta = Organization.objects.create(slug="beta", name="Beta")
    empty = Organization.objects.create(slug="gamma", name="Gamma")
    note(alpha, "one", "two")
    note(beta, "one")
    seal_new_entries()
    note(alpha, "three")
    assert chain(alpha) == [(1, "one"), (2, "two"), (None, "three")]
    assert chain(beta) == [(1, "one")]
    said = verified()
    assert "alpha: whole. Head alpha:2:" in said
    assert "; 1 not sealed yet, the oldest of " in said
    assert "beta: whole. Head beta:1:" in said
    assert f"{empty.slug}: nothing is sealed yet" in said


TAMPERED = {
    "UPDATE organizations_auditentry SET actor = 'bob' WHERE position = 2": "row 2 of the chain (entry ",
    "UPDATE organizations_auditentry SET actor_id = 'bob' WHERE position = 3": "row 3 of the chain (entry ",
    "UPDATE organizations_auditentry SET subject_kind = 'operation' WHERE position = 2": "row 2 of the chain (entry ",
    "UPDATE organizations_auditentry SET subject_id = '8' WHERE position = 4": "row 4 of the chain (entry ",
    "UPDATE organizations_auditentry SET at = at - interval '1 day' WHERE position = 3": "row 3 of the chain (entry ",
    "UPDATE organizations_auditentry SET new = '{\"n\": 2}' WHERE position > 1": "row 2 of the chain (entry ",
    "DELETE FROM organizations_auditentry WHERE position = 1": "row 1 of the chain: removed",
    "DELETE FROM organizations_auditentry WHERE position IN (2, 3)": "rows 2 to 3 of the chain: removed",
    "UPDATE organizations_auditentry SET position = 1 WHERE position = 2": "row 1 of the chain: there twice",
    "UPDATE organizations_auditentry SET position = position - 1 WHERE position > 2": "row 2 of the chain: there twice",
}


@pytest.mark.parametrize("statement", TAMPERED)
def test_the_first_row_that_is_not_what_was_sealed_is_named(
    alpha: Organization, owner_connection: psycopg.Connection, statement: str
) -> None:
    note(alpha, "one", "two", "three", "four")
    seal_new_entries()
    assert "whole" in verified("alpha")
    owner_connection.execute(statement.encode())
    said = verified("alpha")
    assert f"alpha: BROKEN at {TAMPERED[statement]}" in said
    assert "is not as it was written" in said


def test_a_row_that_is_added_later_with_an_old_time_is_named(
    alpha: Organization, owner_connection: psycopg.Connection
) -> None:
    note(alpha, "one", "two")
    seal_new_entries()
    row = FORGED.replace("1, '2020-01-01Z', '\\x00'", "NULL, NULL, NULL")
    owner_connection.execute(row, [alpha.pk])
    said = verified("alpha")
    assert "alpha: whole" in said
    assert "Rows of alpha have waited for over an hour to be sealed" in said

    note(alpha, "three")
    seal_new_entries()
    said = verified("alpha")
    assert (
        "alpha: BROKEN at row 4 of the chain (entry 7, “back-dated” of x, 2020-01-01 00:00:00 UTC): it is over" in said
    )
    assert "is not as it was written" in said


def test_a_row_that_was_sealed_late_because_its_transaction_lasted_is_no_break(
    alpha: Organization, owner_connection: psycopg.Connection
) -> None:
    note(alpha, "one")
    seal_new_entries()
    row = FORGED.replace("1, '2020-01-01Z', '\\x00'", "NULL, NULL, NULL")
    owner_connection.execute(row.replace("'2020-01-01Z'", "clock_timestamp() - interval '50 minutes'"), [alpha.pk])
    seal_new_entries()

    assert "alpha: whole. Head alpha:2:" in verified("alpha")


def test_an_end_that_was_cut_off_and_a_chain_written_anew_are_told_by_a_head_kept_elsewhere(
    alpha: Organization, owner_connection: psycopg.Connection
) -> None:
    for number in range(12):
        note(alpha, f"number {number}")
    seal_new_entries()
    noted = head_of(alpha)
    assert "whole" in verified("--noted", noted)

    owner_connection.execute("DELETE FROM organizations_auditentry WHERE position > 10")
    assert "whole" in verified("alpha")
    assert "row 12 of the chain, which was noted: it is not there any more" in verified("--noted", noted)

    note(alpha, "another", "and another")
    seal_new_entries()
    assert "whole" in verified("alpha")
    assert "another one than was noted, so rows up to it were written anew" in verified("--noted", noted)


def test_the_app_role_changes_no_organization_out_of_its_scope_and_removes_none(
    app: psycopg.Connection, alpha: Organization
) -> None:
    beta = Organization.objects.create(slug="beta", name="Beta")
    rename = "UPDATE organizations_organization SET name = 'renamed' WHERE id = %s"
    assert app.execute(rename, [beta.pk]).rowcount == 0
    assert app.execute(rename, [alpha.pk]).rowcount == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("UPDATE organizations_organization SET id = %s WHERE id = %s", [beta.pk + 1, alpha.pk])
    app.rollback()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute("DELETE FROM organizations_organization WHERE id = %s", [alpha.pk])
    app.rollback()
    names = app.execute("SELECT name FROM organizations_organization ORDER BY slug").fetchall()
    assert names == [("Alpha",), ("Beta",)], "all are listed"

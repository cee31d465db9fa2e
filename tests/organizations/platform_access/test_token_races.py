"""Many who want a token at once, and those who die on the way."""

import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import connection as database
from django.db import transaction

from tests.organizations.conftest import SECRETS, FakeSignIn
from tests.organizations.platform_access.token_calls import REFUSED, stored, token_of, unavailable, uses_of_logins
from vendor_admin.organizations.models import BudgetUse, PlatformSession
from vendor_admin.organizations.platform_access import logins, tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.mark.django_db
def test_secrets_are_stored_encrypted_and_appear_in_no_repr_log_or_error(make_connection, platform, now, caplog):
    caplog.set_level(logging.DEBUG)
    connection = make_connection()
    token = token_of(connection, now)
    platform.answers = [REFUSED]
    with database.cursor() as cursor, organization_scope(connection.organization_id):
        cursor.execute(
            "SELECT c.credentials || s.token || s.credential_digest "
            "FROM organizations_connection c, organizations_platformsession s"
        )
        raw = cursor.fetchone()[0]
    with organization_scope(connection.organization_id):
        connection.refresh_from_db()
    shown = [repr(token), repr(connection.credentials), f"{stored(connection).token}", raw]
    error = unavailable(connection, now + timedelta(minutes=90))
    shown += [repr(error), str(error), repr(vars(error)), caplog.text]
    for secret in (*SECRETS.values(), token.token):
        assert not any(secret in text for text in shown)


def test_it_refuses_to_run_inside_a_transaction(committed_db, make_connection, platform, now):
    connection = make_connection()
    with transaction.atomic(), pytest.raises(RuntimeError):
        token_of(connection, now)
    assert platform.logins == []


def test_twenty_threads_at_once_make_one_login(committed_db, make_connection, platform, now):
    connection = make_connection()
    platform.before = lambda: time.sleep(0.5)
    barrier = threading.Barrier(20)
    results: list[object] = []

    def ask() -> None:
        barrier.wait()
        try:
            results.append(token_of(connection, now).token)
        except Exception as error:  # noqa: BLE001
            results.append(error)
        database.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert results == ["secret-token-1"] * 20
    assert len(platform.logins) == 1


def test_twenty_threads_at_once_make_one_refused_login(committed_db, make_connection, platform, now):
    connection = make_connection()
    platform.answers = [REFUSED] * 20
    platform.before = lambda: time.sleep(0.2)
    kinds: list[str] = []

    def ask() -> None:
        try:
            token_of(connection, now)
        except TokenUnavailable as error:
            kinds.append(error.kind)
        database.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert kinds == ["credentials"] * 20
    assert len(platform.logins) == 1


def test_a_valid_token_is_handed_out_while_somebody_else_renews_it(committed_db, make_connection, platform, now):
    connection = make_connection()
    first = token_of(connection, now)
    inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        go_on.wait(10)

    platform.before = hold
    later = now + timedelta(minutes=70)

    def renew() -> None:
        token_of(connection, later)
        database.close()

    renewing = threading.Thread(target=renew)
    renewing.start()
    assert inside.wait(10)
    started = time.monotonic()
    assert token_of(connection, later) == first
    assert time.monotonic() - started < 2
    go_on.set()
    renewing.join(10)
    assert len(platform.renewals) == 1


def test_a_claim_whose_holder_died_is_taken_over_after_its_time(
    committed_db, make_connection, platform, now, monkeypatch
):
    monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.3)
    connection = make_connection()
    token_of(connection, now)
    later = now + timedelta(minutes=90)
    with organization_scope(connection.organization_id):
        PlatformSession.objects.update(renewing_until=later + timedelta(seconds=60), renewing_holder="dead")
    assert unavailable(connection, later).kind == "busy"
    platform.now = later + timedelta(seconds=61)
    assert token_of(connection, platform.now).token == "secret-token-2"


def test_a_crash_between_draw_and_answer_counts_as_a_failure(committed_db, make_connection, platform: FakeSignIn, now):
    connection = make_connection()

    def die() -> None:
        raise KeyboardInterrupt

    platform.before = die
    with pytest.raises(KeyboardInterrupt):
        token_of(connection, now)
    assert uses_of_logins() == 1
    assert BudgetUse.objects.filter(key__contains=logins.OWN_LOGINS.name).count() == 1
    assert stored(connection).renewing_holder == ""

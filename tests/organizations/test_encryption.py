"""Encrypted values are opened when somebody asks for them, so that a lost key harms the one value."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import RateLock


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ticket FROM organizations_ratelock")
        return str(cursor.fetchone()[0])


@pytest.fixture
def lost_key(db: None, settings: Any) -> RateLock:
    """A row whose value was stored with a key that is gone."""
    RateLock.objects.create(key="k", until="2026-11-10T18:00:00Z", reason="r", ticket={"p-ticket": "secret"})
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    return RateLock.objects.get()


def test_a_row_whose_key_was_lost_is_loaded_and_only_its_value_cannot_be_asked_for(lost_key: RateLock) -> None:
    assert [row.reason for row in RateLock.objects.all()] == ["r"]
    for _ in range(2):
        with pytest.raises(UndecryptableError):
            _ = lost_key.ticket


def test_a_value_that_nobody_asked_for_is_saved_as_it_was(lost_key: RateLock) -> None:
    before = stored()
    lost_key.reason = "another"
    lost_key.save()
    assert stored() == before
    lost_key.ticket = {"p-ticket": "new"}
    lost_key.save()
    assert RateLock.objects.get().ticket == {"p-ticket": "new"}


def test_a_value_shows_in_no_repr() -> None:
    row = RateLock(ticket={"p-ticket": "secret"})
    assert row.ticket == {"p-ticket": "secret"}
    assert "secret" not in repr(row.ticket)

"""Of what was typed as a user name nothing is kept in the clear but the names of users."""

from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.db import models
from django.test import Client
from django.urls import reverse

from tests.organizations.sign_in.sign_in_desk import staff

TYPED = "my-password-in-the-wrong-field"


@pytest.fixture
def ann(db: None) -> None:
    staff("ann")


def _kept() -> Iterator[str]:
    """Every value that django-axes keeps."""
    of_axes: tuple[type[models.Model], ...] = (AccessAttempt, AccessLog, AccessFailureLog)
    for model in of_axes:
        for row in model._default_manager.values():
            yield from map(str, row.values())


def _try(name: str) -> int:
    return Client().post(reverse("admin:login"), {"username": name, "password": "wrong"}).status_code


def test_what_is_no_name_of_a_user_is_not_kept(ann: None) -> None:
    _try(TYPED)
    assert AccessAttempt.objects.count() == 1
    assert not [value for value in _kept() if TYPED in value]


def test_names_of_users_are_kept_and_both_are_counted(ann: None) -> None:
    for name in ("ann", TYPED):
        answers = [_try(name) for _ in range(settings.AXES_FAILURE_LIMIT + 1)]
        assert (answers[0], answers[-1]) == (200, 429)
    assert "ann" in _kept()

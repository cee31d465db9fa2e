"""Secrets at rest: one encrypted JSON field on rotating keys.

`CREDENTIAL_KEYS` lists Fernet keys, newest first: the first encrypts, every one decrypts, so a key is rotated by
putting a new one in front and running `manage.py rotate_credentials`. Values never appear in reprs or logs: what the
field returns is a `SecretDict`, whose repr is masked.
"""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


class SecretDict(dict[str, Any]):
    """A dict that does not show its values in reprs, tracebacks and logs."""

    def __repr__(self) -> str:
        return f"SecretDict({', '.join(sorted(self))})"

    __str__ = __repr__


class UndecryptableError(Exception):
    """None of CREDENTIAL_KEYS opens a stored value. Restore the key that was in use when it was stored."""


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured(
            "CREDENTIAL_KEYS is empty: give at least one Fernet key to store platform credentials."
        )
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(value: dict[str, Any]) -> str:
    """The encrypted text of a JSON object."""
    return _cipher(tuple(settings.CREDENTIAL_KEYS)).encrypt(json.dumps(value).encode()).decode()


def decrypt(text: str) -> SecretDict:
    """The JSON object of an encrypted text. Raises UndecryptableError."""
    try:
        return SecretDict(json.loads(_cipher(tuple(settings.CREDENTIAL_KEYS)).decrypt(text.encode())))
    except InvalidToken:
        raise UndecryptableError("None of CREDENTIAL_KEYS opens this value.") from None


class EncryptedJSONField(models.TextField):
    """A JSON object stored encrypted; an empty object is stored as empty text."""

    # What django-stubs takes for the types of assigned and read values.
    _pyi_private_set_type: dict[str, Any]  # type: ignore[assignment]
    _pyi_private_get_type: SecretDict  # type: ignore[assignment]

    def from_db_value(self, value: str | None, expression: object, connection: object) -> SecretDict:
        return decrypt(value) if value else SecretDict()

    def get_prep_value(self, value: dict[str, Any] | None) -> str:
        return encrypt(value) if value else ""

    def to_python(self, value: Any) -> Any:
        return SecretDict(value) if isinstance(value, dict) else value

    def value_to_string(self, obj: models.Model) -> str:
        return "(encrypted)"

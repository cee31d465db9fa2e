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
from django.db.models.query_utils import DeferredAttribute

from vendor_admin.errors import Unavailable


class SecretDict(dict[str, Any]):
    """A dict that does not show its values in reprs, tracebacks and logs."""

    def __repr__(self) -> str:
        return f"SecretDict({', '.join(sorted(self))})"

    __str__ = __repr__


class UndecryptableError(Unavailable):
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


class Sealed:
    """A stored value that nobody has asked for yet."""

    def __init__(self, text: str) -> None:
        self.text = text


class _OpenedWhenAsked(DeferredAttribute):
    """Decrypts a value when it is read first, and not when its row is loaded."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = decrypt(value.text)
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = SecretDict(value) if isinstance(value, dict) else value


class EncryptedJSONField(models.TextField):
    """A JSON object stored encrypted; an empty object is stored as empty text.

    A row whose value none of the keys opens can be loaded, listed and saved like any other; UndecryptableError is
    raised where the value itself is asked for.
    """

    descriptor_class = _OpenedWhenAsked

    # What django-stubs takes for the types of assigned and read values.
    _pyi_private_set_type: dict[str, Any]  # type: ignore[assignment]
    _pyi_private_get_type: SecretDict  # type: ignore[assignment]

    def from_db_value(self, value: str | None, expression: object, connection: object) -> SecretDict | Sealed:
        return Sealed(value) if value else SecretDict()

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """What nobody has asked for is stored as it was."""
        value = model_instance.__dict__.get(self.attname)
        return value if isinstance(value, Sealed) else super().pre_save(model_instance, add)

    def get_prep_value(self, value: dict[str, Any] | Sealed | None) -> str:
        if isinstance(value, Sealed):
            return value.text
        return encrypt(value) if value else ""

    def to_python(self, value: Any) -> Any:
        return SecretDict(value) if isinstance(value, dict) else value

    def value_to_string(self, obj: models.Model) -> str:
        return "(encrypted)"

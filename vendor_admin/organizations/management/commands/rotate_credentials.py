"""Encrypts every stored secret with the newest of CREDENTIAL_KEYS."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models

from vendor_admin.organizations.encryption import EncryptedJSONField, UndecryptableError, decrypt, encrypt
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.sign_in import second_factor
from vendor_admin.organizations.tenancy.scope import organization_scope


class Command(BaseCommand):
    help = "Encrypt all stored secrets with the first of CREDENTIAL_KEYS. Afterwards the older keys may be taken away."

    def handle(self, *args: Any, **options: Any) -> None:
        rotated, lost = 0, 0
        for model, field in encrypted_fields():
            for organization_ids in _scopes(model):
                with organization_scope(*organization_ids):
                    done, failed = _rotate(model, field)
                rotated, lost = rotated + done, lost + failed
        done, failed = second_factor.rotate_secrets()
        rotated, lost = rotated + done, lost + failed
        self.stdout.write(f"{rotated} secrets are encrypted with the newest key.")
        if lost:
            raise CommandError(
                f"{lost} secrets could not be decrypted with any of CREDENTIAL_KEYS and were left as they are. "
                "Add the key they were stored with, or give these credentials again; keep the older keys until then."
            )


def encrypted_fields() -> Iterator[tuple[type[models.Model], EncryptedJSONField]]:
    """Every model of the project with a field that holds secrets."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, EncryptedJSONField):
                yield model, field


def _scopes(model: type[models.Model]) -> Iterable[tuple[int, ...]]:
    """The scopes in which all rows of a model can be seen: each organization, or one without any."""
    if any(field.attname == "organization_id" for field in model._meta.local_fields):
        return [(organization_id,) for organization_id in Organization.objects.values_list("id", flat=True)]
    return [()]


def _rotate(model: type[models.Model], field: EncryptedJSONField) -> tuple[int, int]:
    """Numbers of values rotated and undecryptable. A value that changes meanwhile is new anyway and left alone."""
    quote = connection.ops.quote_name
    key, column = quote(str(model._meta.pk.column)), quote(str(field.column))
    table = quote(model._meta.db_table)
    lost = 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} <> ''")  # noqa: S608 - names of ours
        rows = cursor.fetchall()
        for primary_key, stored in rows:
            try:
                renewed = encrypt(decrypt(stored))
            except UndecryptableError:
                lost += 1
                continue
            cursor.execute(
                f"UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s",  # noqa: S608
                [renewed, primary_key, stored],
            )
    return len(rows) - lost, lost

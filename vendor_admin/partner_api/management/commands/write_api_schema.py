"""Writes docs/api/openapi.json, the schema of the partner API, after a change of it."""

from typing import Any

from django.core.management.base import BaseCommand

from vendor_admin.partner_api.openapi.generation import SCHEMA_FILE, schema_text


class Command(BaseCommand):
    requires_system_checks: list[str] = []
    help = "Write docs/api/openapi.json anew. A test compares it with what the API says of itself."

    def handle(self, *args: Any, **options: Any) -> None:
        SCHEMA_FILE.parent.mkdir(parents=True, exist_ok=True)
        SCHEMA_FILE.write_text(schema_text())
        self.stdout.write(f"Wrote {SCHEMA_FILE.name}.")

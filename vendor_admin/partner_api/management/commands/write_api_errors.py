"""Writes the table of problems into docs/api/errors.md."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from vendor_admin.partner_api.openapi.error_page import with_table


class Command(BaseCommand):
    help = "Write the table of the partner API's problems into docs/api/errors.md, as the catalogue has them now."

    def handle(self, *args: Any, **options: Any) -> None:
        page = settings.BASE_DIR / "docs" / "api" / "errors.md"
        page.write_text(with_table(page.read_text()))
        self.stdout.write(f"{page} is written.")

"""Django's command, which writes to the audit as well."""

import getpass
from typing import Any

from django.contrib.auth.management.commands import changepassword

from vendor_admin.organizations.actors import COMMAND_LINE
from vendor_admin.organizations.models import User
from vendor_admin.organizations.staff import passwords


class Command(changepassword.Command):
    def handle(self, *args: Any, **options: Any) -> str | None:
        said: str | None = super().handle(*args, **options)
        person = User.objects.get(username=options["username"] or getpass.getuser())
        passwords.note_set_for(person=person, actor=COMMAND_LINE, reason="")
        return said

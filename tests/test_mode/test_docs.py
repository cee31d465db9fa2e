"""What docs/api/test-mode.md says of magic values is what the sandbox does, and nothing runs it unasked."""

import re

from tests.support.database import ROOT
from tests.toolchain.test_docker import services
from vendor_admin.commands import DEMO_ROLES, OPTIONAL_ROLES, ROLES
from vendor_admin.sandbox.writes.magic import FIRST_CENTS, Trick


def test_the_table_has_every_magic_value() -> None:
    page = (ROOT / "docs" / "api" / "test-mode.md").read_text()
    told = re.findall(r"^\| `([a-z-]+)@…` \| `([0-9.]+)` \|", page, re.MULTILINE)
    assert told == [(trick.value, f"{(FIRST_CENTS + n) / 100:.2f}") for n, trick in enumerate(Trick, start=1)]


def test_optional_roles_are_started_by_nothing_but_their_name() -> None:
    started = [name for name, service in services().items() if "profiles" not in service]
    assert not OPTIONAL_ROLES.keys() & {*ROLES, *DEMO_ROLES, *started}

"""What docs/api/authentication.md says of scopes and refusals is what the code does."""

import re

from tests.support.database import ROOT
from vendor_admin.partner_api.problem_catalogue import BY_CODE
from vendor_admin.partner_api.scopes import PARTNER_SCOPES

DOCUMENT = (ROOT / "docs" / "api" / "authentication.md").read_text()


def test_the_table_has_every_scope_in_its_own_words() -> None:
    rows = re.findall(r"^\| `([a-z]+:[a-z]+)` \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert rows == [(scope.name, scope.words) for scope in PARTNER_SCOPES]


def test_every_refusal_comes_with_the_status_that_is_said() -> None:
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \| (\d+) \|", DOCUMENT, re.MULTILINE)
    said = {code.strip("` "): int(status) for codes, status in rows for code in codes.split(",")}
    assert len(said) == 9
    assert said == {code: BY_CODE[code].status for code in said}

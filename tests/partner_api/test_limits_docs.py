"""What docs/api/limits.md and idempotency.md say is what the code does."""

import re
from datetime import timedelta

import pytest
from django.conf import settings

from tests.support.database import ROOT
from vendor_admin.operations.api.lists import LARGEST_PLAN
from vendor_admin.partner_api.http.json_body import DEEPEST, MOST_DIGITS
from vendor_admin.partner_api.idempotency.saved_answers import KEPT_FOR
from vendor_admin.partner_api.models import LONGEST_IDEMPOTENCY_KEY
from vendor_admin.partner_api.problem_catalogue import BY_CODE
from vendor_admin.partner_api.reading.parameters import LIMIT, MOST
from vendor_admin.partner_api.versions import CURRENT_VERSION, KNOWN_VERSIONS
from vendor_admin.web.request_sizes import LARGEST_BODY, LARGEST_OF_API, MEGABYTE

LIMITS = (ROOT / "docs" / "api" / "limits.md").read_text()
IDEMPOTENCY = (ROOT / "docs" / "api" / "idempotency.md").read_text()


@pytest.mark.parametrize(
    "said",
    [
        f"| of one API key or program | {settings.PARTNER_API_REQUESTS_A_MINUTE} | `PARTNER_API_REQUESTS_A_MINUTE` |",
        f"| {settings.PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE:,} | `PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE` |",
        f"| {LARGEST_OF_API // MEGABYTE} MB; `POST /plans` {LARGEST_PLAN // MEGABYTE} MB, which is 10,000 rows",
        f"Beyond {LARGEST_BODY // MEGABYTE} MB",
        f"| nesting of a body | {DEEPEST} |",
        f"| other numbers | {MOST_DIGITS} digits, no exponent |",
        f"| page of a list | {LIMIT}, up to {MOST} by `limit` |",
        f"| idempotency key | {LONGEST_IDEMPOTENCY_KEY} characters, kept for {KEPT_FOR // timedelta(hours=1)} hours |",
        f"So far there is one: `{CURRENT_VERSION}`.",
        f"kept for {settings.PARTNER_API_LOG_DAYS} days (`PARTNER_API_LOG_DAYS`)",
    ],
)
def test_the_limits_are_those_of_the_code(said: str) -> None:
    assert said in LIMITS
    assert len(KNOWN_VERSIONS) == 1


def test_what_a_repeat_is_answered_with_is_in_the_catalogue() -> None:
    said = re.findall(r"(\d{3})\s+`([a-z_]+)`", IDEMPOTENCY + LIMITS)
    assert len(said) >= 4
    assert all(BY_CODE[code].status == int(status) for status, code in said)

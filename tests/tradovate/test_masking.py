"""Secrets of a request are taken out of whatever the platform says about it."""

import html
import json
import re
from urllib.parse import quote, quote_plus

import pytest

from vendor_admin.tradovate.masking import has_secrets, storable, without_secrets_of
from vendor_admin.tradovate.outcomes import ItemError, Rejected, Success, Unknown

BODY = {"users": [{"name": "ADA", "password": "quiet heron"}, {"password": "abc"}], "currentPassword": "heron"}
PASSWORD = "Tr4d\"r & 'co'/\\é"
SPELLINGS = {
    "JSON": json.dumps(PASSWORD),
    "JSON with its own letters": json.dumps(PASSWORD, ensure_ascii=False),
    "HTML": html.escape(PASSWORD),
    "HTML with another apostrophe": html.escape(PASSWORD).replace("&#x27;", "&#39;"),
    "HTML text": html.escape(PASSWORD, quote=False),
    "path": quote(PASSWORD),
    "address": quote(PASSWORD, safe=""),
    "address in small letters": re.sub("%..", lambda found: found[0].lower(), quote(PASSWORD, safe="")),
    "form": quote_plus(PASSWORD),
}


def test_a_secret_is_masked_wherever_an_outcome_repeats_it() -> None:
    said = Rejected(
        "quiet heron is weak",
        200,
        item_errors=(ItemError(0, "the password quiet heron", body={"value": ["quiet heron", 5, None]}),),
        body={"results": [{"errorText": "heron"}]},
    )
    masked = without_secrets_of(BODY, said)
    assert masked.error_text == "******** is weak"
    assert masked.item_errors[0].error_text == "the password ********"
    assert masked.item_errors[0].body == {"value": ["********", 5, None]}
    assert masked.body == {"results": [{"errorText": "********"}]}
    assert (masked.status, masked.error_code) == (200, None)


@pytest.mark.parametrize("repeated", SPELLINGS.values(), ids=SPELLINGS)
def test_a_secret_is_masked_however_the_platform_spells_it(repeated: str) -> None:
    said = without_secrets_of({"password": PASSWORD}, Unknown(f"the platform answered 500: {repeated}"))
    assert "Tr4d" not in said.reason
    assert "********" in said.reason


def test_names_of_fields_hold_neither_a_secret_nor_a_zero_byte() -> None:
    assert without_secrets_of(BODY, Success({"quiet heron": 1})).body == {"********": 1}
    assert storable(Success({"a\x00b": {"c\ud83d": 1}})).body == {"a\ufffdb": {"c\ufffd": 1}}


def test_words_without_a_secret_stay_as_they_are() -> None:
    said = Success({"name": "ADA", "text": "abcdef"})
    assert without_secrets_of(BODY, said) == said
    assert without_secrets_of({}, said) is said


def test_only_a_body_with_a_secret_has_to_be_sealed() -> None:
    assert has_secrets(BODY)
    assert not has_secrets({"userIds": (1, 2), "users": [{"name": "ADA"}]})

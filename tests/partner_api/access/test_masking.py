"""Credentials in texts: what counts as one, and what is left of it in a log line."""

from urllib.parse import quote

import pytest

from vendor_admin.partner_api.access.masking import MASK, credentials_in, has_credential, mask_log_line, masked

KEY = "vak_live_7_" + "aB3-_" * 8 + "xyz"
TOKEN = "vat_7_" + "q" * 43


@pytest.mark.parametrize("text", [KEY, TOKEN, "vak_test_7_" + "x" * 43, "vas_" + "x" * 43, "vrt_" + "x" * 43])
def test_nothing_of_a_secret_is_left(text: str) -> None:
    for line in (text, f"/api/v1/me?key={text}&limit=3", f"Bearer {text}", text.upper(), text.replace("_", "%5F")):
        found = masked(line)
        assert MASK in found
        assert text[-20:].lower() not in found.lower()
    assert masked(f"/api/v1/me?key={text}&limit=3").endswith("&limit=3")


@pytest.mark.parametrize(
    "text", ["/api/v1/me?vat_number=GB123456789", "vac_5f2c", "key_5f2c", "vak", "interval_at_7_x"]
)
def test_what_is_none_stays(text: str) -> None:
    assert masked(text) == text
    assert not has_credential(text)


def test_credentials_are_found_behind_encodings() -> None:
    for address in (
        f"/x?a={KEY}",
        f"/x/{KEY}/y",
        f"/x?a={quote(KEY, safe='')}",
        f"/x?a={quote(quote('{' + KEY, safe=''), safe='')}",
    ):
        assert has_credential(address), address
        assert credentials_in(address) == [KEY], address
    assert has_credential("/x?a=" + KEY.replace("_", "%255F"))
    assert credentials_in(f"/x?a={KEY}&b={TOKEN}&c={KEY}") == [KEY, TOKEN]


def test_a_log_line_is_masked_all_through() -> None:
    line = {"event": f"GET /?key={KEY}", "facts": {"path": [TOKEN]}, "number": 3}
    assert mask_log_line(None, "info", line) == {
        "event": f"GET /?key=vak_live_{MASK}", "facts": {"path": [f"vat_{MASK}"]}, "number": 3,
    }  # fmt: skip

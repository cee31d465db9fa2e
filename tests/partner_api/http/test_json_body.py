"""Bodies of requests: what is no strict JSON is refused with a code that says why, and never breaks anything."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.partner_api.http.json_body import DEEPEST, read_object
from vendor_admin.partner_api.problem_catalogue import BY_CODE
from vendor_admin.partner_api.request_errors import InvalidRequest

NESTED = b'{"a":' * 1_000 + b"1" + b"}" * 1_000


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a": "\xff"}', "invalid_json"),
        (b'{"a": "\xed\xa0\x80"}', "invalid_json"),
        (b'\xef\xbb\xbf{"a": 1}', "invalid_json"),
        (b'{"a": NaN}', "invalid_json"),
        (b'{"a": -Infinity}', "invalid_json"),
        (b'{"a": 1} {"a": 2}', "invalid_json"),
        (b'{"a": 01}', "invalid_json"),
        (b'{"a": "\x00"}', "invalid_json"),
        (b"{'a': 1}", "invalid_json"),
        (b"", "invalid_json"),
        (b'{"a": 1, "b": 2, "a": 3}', "duplicate_name"),
        (b'{"a": {"b": 2, "\\u0062": 3}}', "duplicate_name"),
        (b'{"a": 9223372036854775808}', "number_out_of_range"),
        (b'{"a": -9223372036854775809}', "number_out_of_range"),
        (b'{"a": ' + b"9" * 100_000 + b"}", "number_out_of_range"),
        (b'{"a": 1e3}', "number_out_of_range"),
        (b'{"a": 1E400}', "number_out_of_range"),
        (b'{"a": 0.' + b"1" * 100 + b"}", "number_out_of_range"),
        (b'{"a": "x\\u0000"}', "invalid_characters"),
        (b'{"a\\u0000": 1}', "invalid_characters"),
        (b'{"a": ["\\ud800"]}', "invalid_characters"),
        (b'{"a": {"b": ["\\udfff x"]}}', "invalid_characters"),
        (NESTED, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "too_deep"),
        (b'{"a":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}", "too_deep"),
        (b"[1]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'"text"', "not_an_object"),
    ],
    ids=lambda value: (
        value[:30].decode(errors="replace").encode("unicode_escape").decode() if isinstance(value, bytes) else value
    ),
)
def test_what_is_no_strict_json_is_refused(body: bytes, code: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_object(body)
    assert refused.value.code == code
    assert BY_CODE[code].status == 400
    assert refused.value.text


def test_what_fits_is_read_as_it_is() -> None:
    numbers = b'"id": 9223372036854775807, "least": -9223372036854775808, "change": 250.00'
    assert read_object(b"{" + numbers + b', "name": "\\ud83d\\ude00\\\\u0000"}') == {
        "id": 2**63 - 1,
        "least": -(2**63),
        "change": Decimal("250.00"),
        "name": "😀\\u0000",
    }
    deep: Any = read_object(b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST)
    for _ in range(DEEPEST):
        deep = deep["a"]
    assert deep == 1


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidRequest):
        assert isinstance(read_object(body), dict)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abcdef", max_size=3), VALUES, max_size=4))
def test_what_json_writes_is_read_again(value: dict[str, Any]) -> None:
    assert read_object(json.dumps(value).encode()) == value

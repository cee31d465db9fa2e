"""Nothing secret gets into the request log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.partner_api.access.masking import MASK
from vendor_admin.partner_api.request_log.masking import LONGEST_BODY, cut, masked_body, masked_query, masked_text

SECRETS = [
    "vak_live_12_" + "Ab-9_" * 8 + "abc",
    "vat_12_" + "x" * 43,
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_looks_like_a_secret_is_masked_wherever_it_stands(secret: str) -> None:
    ending = secret.strip("-\n")[-9:] if "KEY" not in secret else "MIIEvQIBADANBg"
    for text in (secret, f"see {secret}!", f'{{"note":"{secret}"}}'):
        assert ending not in masked_text(text)
        assert MASK in masked_text(text)
    assert ending not in masked_body({"rows": [{"note": secret}, {secret: 1}]})
    assert ending not in masked_query(f"note={secret}")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "newPassword",
        "new_password",
        "client_secret",
        "signing-secrets",
        "api_key",
        "apiKey",
        "access_token",
        "Authorization",
        "credentials",
        "otp",
        "private_key",
        "passphrase",
        "cookie",
    ],
)
def test_what_stands_in_a_field_of_a_secret_name_is_masked(name: str) -> None:
    for value in ("hunter2", 123456, ["hunter2"], {"inner": "hunter2"}):
        told = masked_body({"rows": [{name: value, "email": "ann@example.com"}]})
        assert "hunter2" not in told
        assert "123456" not in told
        assert name in told
        assert "ann@example.com" in told
    assert masked_query(f"{name}=hunter2&limit=5") == f"{masked_query(name + '=x').split('&')[0]}&limit=5"
    assert "hunter2" not in masked_query(f"{name}=hunter2")


def test_everything_else_stays_as_it_was() -> None:
    body = {"account": "9200001", "change": "250.00", "idempotency_key": "k-1", "is_active": True, "rows": [1, None]}
    assert masked_body(body) == (
        '{"account":"9200001","change":"250.00","idempotency_key":"k-1","is_active":true,"rows":[1,null]}'
    )
    assert masked_query("limit=5&name=Ann+B&empty=") == "limit=5&name=Ann+B&empty="
    assert masked_body({"password": "", "token": None}) == '{"password":"","token":null}', "there was none"


def test_a_body_is_cut_at_sixteen_kilobytes_and_after_it_was_masked() -> None:
    rows = [{"password": "hunter2" * 10, "name": "ü" * 20} for _ in range(20_000)]
    told = masked_body({"rows": rows})
    assert len(told.encode()) <= LONGEST_BODY
    assert told.endswith("…")
    assert "hunter2" not in told
    assert len(masked_body({"text": "x" * 10_000_000}).encode()) <= LONGEST_BODY


@given(st.text(), st.integers(3, 50))
def test_a_text_is_cut_to_a_size_in_bytes(text: str, size: int) -> None:
    text = text.encode(errors="ignore").decode()
    told = cut(text, size)
    assert len(told.encode()) <= size
    assert told == text or told.endswith("…")

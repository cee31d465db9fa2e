"""A partner's receiver of webhooks believes what is signed, and shows what came."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tests.sample_portal.receiver import KEPT, Receiver

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"account.locked","data":{"note":"<b>&"}}'


def message(body: str = BODY, *, sent: timedelta = timedelta(0), secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    at = datetime.now(tz=UTC) + sent
    signature = Webhook(secret).sign("msg_1", at, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}
    return headers, body.encode()


def test_the_sample_receiver_shows_what_is_signed_as_verified() -> None:
    receiver = Receiver(secret=SECRET)
    assert "Nothing has come yet." in receiver.page(address="http://localhost:8071/webhooks")

    headers, body = message()
    received = receiver.take(headers | {"webhook-resend": "true"}, body, now=datetime.now(tz=UTC))

    assert (received.type, received.problem, received.is_resend) == ("account.locked", "", True)
    page = receiver.page(address="http://localhost:8071/webhooks")
    assert ">verified<" in page
    assert "sent again" in page
    assert "<b>" not in page
    for _ in range(KEPT):
        receiver.take(headers, body, now=datetime.now(tz=UTC))
    assert f"{KEPT + 1} since the start, the last {KEPT} of them here." in receiver.page(address="")


@pytest.mark.parametrize(
    "fault", ["tampered", "another secret", "old", "no signature", "no base64", "no text", "nothing"]
)
def test_the_sample_receiver_believes_nothing_else(fault: str) -> None:
    headers, body = message()
    faulty = {
        "tampered": (headers, body + b" "),
        "another secret": message(secret="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
        "old": message(sent=timedelta(minutes=-6)),
        "no signature": (headers | {"webhook-signature": "v1"}, body),
        "no base64": (headers | {"webhook-signature": "v1,!"}, body),
        "no text": (headers, b"\xff"),
        "nothing": ({}, b"[" * 100_000),
    }
    receiver = Receiver(secret=SECRET)

    assert receiver.take(*faulty[fault], now=datetime.now(tz=UTC)).problem
    page = receiver.page(address="")
    assert "not verified" in page
    assert ">verified<" not in page

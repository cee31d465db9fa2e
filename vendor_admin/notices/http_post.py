"""Sends one webhook. The URL is somebody else's word.

It may lead to public addresses only, and the connection goes to the very address that was looked at, so that a name
which changes its mind leads nowhere else. Redirects are not followed, of the answer no more is read than is kept (by
default its status alone), and a peer that goes on talking is cut off.
"""

import http.client
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import requests
from django.conf import settings
from urllib3.exceptions import HTTPError, NewConnectionError

from vendor_admin.notices.answers import Answer
from vendor_admin.notices.webhooks import problem_of_place, schemes
from vendor_admin.organizations.platform_access import network_policy
from vendor_admin.tradovate.rest.bounded_calls import CuttingAdapter
from vendor_admin.tradovate.rest.transport import causes_of

STEP_SECONDS = 5.0
ALL_SECONDS = 10.0
GONE = 410


def post(url: str, *, headers: Mapping[str, str], body: str, kept_bytes: int = 0) -> Answer:
    """Send once, and tell in words what the receiver answered. Takes ALL_SECONDS at most. Never raises.

    `kept_bytes` is how much of the answer's body is read and told.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in schemes():
        return Answer(False, "The URL does not begin with https://.")
    found = network_policy.addresses_of(host)
    if not found:
        return Answer(False, f"The name {host} is not known.")
    if problem := problem_of_place(host, found):
        return Answer(False, problem)
    began = time.monotonic()
    try:
        status, said = _answered(url, found, headers=headers, body=body.encode(), kept_bytes=kept_bytes)
    except (OSError, ValueError) as error:  # requests' errors are among them
        return Answer(False, f"No answer from {host}: {_in_words(error, seconds=time.monotonic() - began)}.")
    answer = _answer_of(status, milliseconds=1000 * (time.monotonic() - began))
    return replace(answer, status=status, said=said)


def _answer_of(status: int, *, milliseconds: float) -> Answer:
    name = http.client.responses.get(status, "")
    said = f"The receiver answered {status} {name}".strip() + f" after {milliseconds:.0f} ms."
    if 200 <= status < 300:
        return Answer(True, said)
    if 300 <= status < 400:
        return Answer(False, f"{said} Redirects are not followed: give the URL that it leads to.")
    if status == GONE:
        return Answer(False, f"{said} That means that it wants no more messages.", is_gone=True)
    return Answer(False, said)


def _in_words(error: Exception, *, seconds: float) -> str:
    if isinstance(error, TimeoutError | requests.Timeout) or seconds > STEP_SECONDS:
        return f"nothing came within {seconds:.0f} s"
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not good ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            return "it does not speak HTTPS as it should"
        if isinstance(cause, NewConnectionError):
            return "it takes no connection"
    return "the connection broke, or what came was no HTTP"


def _answered(
    url: str, addresses: Sequence[str], *, headers: Mapping[str, str], body: bytes, kept_bytes: int
) -> tuple[int, str]:
    """Status and beginning of the answer. The certificate has to be of the host's name, wherever that leads."""
    calls = CuttingAdapter(resolve=lambda _host: addresses, ssl_context=ssl.create_default_context())
    given = {
        **headers,
        "Content-Type": "application/json",
        "User-Agent": f"Vendor-Admin/{settings.APP_VERSION}",
    }
    with requests.Session() as session, calls.within(ALL_SECONDS):
        session.trust_env = False  # no proxy, and no password of a .netrc file
        session.mount("https://", calls)
        session.mount("http://", calls)
        try:
            answer = session.post(
                url, data=body, headers=given, timeout=STEP_SECONDS, allow_redirects=False, stream=True
            )
        except requests.RequestException:
            if calls.has_cut:
                raise TimeoutError from None
            raise
        said = _beginning_of(answer, kept_bytes) if kept_bytes else ""
        answer.close()
    if calls.has_cut:  # what was cut off may look like an answer
        raise TimeoutError
    return answer.status_code, said


def _beginning_of(answer: requests.Response, kept_bytes: int) -> str:
    """What can be read of the beginning of a body; text without NUL, which a database takes."""
    try:
        raw = answer.raw.read(kept_bytes, decode_content=True)
    except (OSError, ValueError, HTTPError):
        return ""
    return bytes(raw).decode("utf-8", "replace").replace("\0", "\ufffd")

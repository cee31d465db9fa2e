"""The platform's OAuth as its client: where to send a member, the exchange, the refresh, and whose token it is.

Errors come as HTTP 200 with `error`, so every answer is sorted like any other of the platform's (tradovate/answers.py).
Nothing here tries twice: a code is spent by its first try, a refresh token changes at each use. No
redirect is followed: what is sent here are secrets. The host is its owner's choice, so a call ends in time, goes where
it may go, and no long answer is read.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from oauth_bridge.models import PlatformClient
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.api_hosts import ApiHosts, origin_of, read_api_hosts
from vendor_admin.tradovate.operations import Operation
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Rejected, Success, Unknown
from vendor_admin.tradovate.rest.authentication import AccessToken, Failure, Identity, who_am_i
from vendor_admin.tradovate.rest.bounded_calls import CuttingAdapter
from vendor_admin.tradovate.rest.client import CONNECT_SECONDS, MOST_BYTES_OF_OTHERS, RestClient, body_of
from vendor_admin.tradovate.rest.transport import outcome_of_transport_error

__all__ = ["Failure", "Identity", "Tokens", "address_of_sign_in", "exchange_code", "identity_of", "refresh_tokens"]

EXCHANGE = Operation(path="auth/oauthtoken", method="POST", needs_token=False)
LEAST_ACCESS_SECONDS, MOST_SECONDS = 60, 400 * 86400
READ_SECONDS = 10.0
CALL_SECONDS = 15.0
"""How long one call may take in all: somebody waits before their browser, and a thread of the pages with them."""
_STATE_LENGTH, _VERIFIER_LENGTH = 43, 64  # letters and digits: 256 and 380 random bits
_ONCE_AS_A_STREAM: dict[str, Any] = {"allow_redirects": False, "stream": True}
_TOO_LONG = "the platform's answer is too long for tokens, and was not read"
_UNREADABLE = "the platform's answer holds no token and no error that can be read"


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an exchange or a refresh gave. `refresh_token` is empty where the platform gives none.

    `origin` (scheme, host, port) gave them. `api_hosts` are the hosts that it named, not checked yet; they are those of
    the member's own organization. An `id_token` beside the tokens is not looked at: `auth/me` says whose they are.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_expires_at: datetime
    refresh_expires_at: datetime | None
    origin: str = ""
    api_hosts: ApiHosts = field(default_factory=ApiHosts)


class _NoTokens(Exception):
    def __init__(self, outcome: Failure) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


def new_state() -> str:
    """A fresh `state`."""
    return str(generate_token(_STATE_LENGTH))


def new_verifier() -> str:
    """A fresh PKCE verifier."""
    return str(generate_token(_VERIFIER_LENGTH))


def address_of_sign_in(client: PlatformClient, *, redirect_uri: str, state: str, verifier: str) -> str:
    """Where the member is sent to sign in: code flow with state and the S256 hash of the verifier."""
    with _session(client, redirect_uri=redirect_uri) as session:
        address, _ = session.create_authorization_url(client.authorize_url, state=state, code_verifier=verifier)
    return str(address)


def exchange_code(
    client: PlatformClient,
    *,
    code: str,
    verifier: str,
    redirect_uri: str,
    now: datetime,
    penalty_ticket: str | None = None,
) -> Tokens | Failure:
    """Tokens for a code, or what the one try came to. Must not be called inside a transaction."""

    def send(session: OAuth2Session, **more: str) -> Any:
        return session.fetch_token(
            client.exchange_url,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            **_ONCE_AS_A_STREAM,
            **more,
        )

    sent = (code, verifier)
    return _call(client, send, sent=sent, redirect_uri=redirect_uri, penalty_ticket=penalty_ticket, now=now)


def refresh_tokens(
    client: PlatformClient, *, refresh_token: str, now: datetime, penalty_ticket: str | None = None
) -> Tokens | Failure:
    """The next pair of tokens, or what the one try came to. The old refresh token is worth nothing afterwards."""

    def send(session: OAuth2Session, **more: str) -> Any:
        return session.refresh_token(client.exchange_url, refresh_token=refresh_token, **_ONCE_AS_A_STREAM, **more)

    return _call(client, send, sent=(refresh_token,), penalty_ticket=penalty_ticket, now=now)


def identity_of(
    *, rest_url: str, access_token: str, now: datetime, penalty_ticket: str | None = None
) -> Identity | Failure:
    """Whose token this is, asked at a LIVE host. Ten failed calls an hour are allowed: draw on the budget first."""
    token = AccessToken(token=access_token, expires_at=now, user_id=0, name="")
    with requests.Session() as session:
        client = RestClient(
            base_url=rest_url,
            session=session,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            total_seconds=CALL_SECONDS,
            resolve=addresses_to_call,
            judge=judge_name,
        )
        return who_am_i(client, token, penalty_ticket=penalty_ticket or None)


def _session(client: PlatformClient, *, redirect_uri: str | None = None, secrets: Iterable[str] = ()) -> OAuth2Session:
    is_json = client.encoding == PlatformClient.Encoding.JSON
    session = OAuth2Session(
        client_id=client.client_id,
        client_secret=client.secret.get("secret", ""),
        token_endpoint_auth_method="json_body" if is_json else "client_secret_post",
        code_challenge_method="S256",
        redirect_uri=redirect_uri,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
    )
    session.register_client_auth_method(("json_body", _as_json))
    for hook in ("access_token_response", "refresh_token_response"):
        session.register_compliance_hook(hook, partial(_refuse_anything_but_tokens, secrets=secrets))
    return session


def _call(
    client: PlatformClient,
    send: Callable[..., Any],
    *,
    sent: tuple[str, ...],
    now: datetime,
    penalty_ticket: str | None,
    redirect_uri: str | None = None,
) -> Tokens | Failure:
    more = {"p-ticket": penalty_ticket} if penalty_ticket else {}
    secrets = [*sent, client.secret.get("secret", ""), penalty_ticket or ""]
    host = urlsplit(client.exchange_url).hostname or ""
    calls = CuttingAdapter(resolve=addresses_to_call, judge=judge_name)
    with _session(client, redirect_uri=redirect_uri, secrets=secrets) as session, calls.within(CALL_SECONDS):
        session.mount("http://", calls)
        session.mount("https://", calls)
        outcome = _outcome_of(partial(send, session, **more), client=client, host=host, now=now)
    if calls.has_cut and not isinstance(outcome, NotSent):  # what was cut off may look like an answer
        return Unknown(f"no whole answer from {host} within {CALL_SECONDS:g} s")
    return outcome


def _outcome_of(send: Callable[[], Any], *, client: PlatformClient, host: str, now: datetime) -> Tokens | Failure:
    try:
        return _tokens_of(send(), origin=origin_of(client.exchange_url), now=now)
    except _NoTokens as none:
        return none.outcome
    except requests.RequestException as error:
        return outcome_of_transport_error(error, host=host, timeout=(CONNECT_SECONDS, READ_SECONDS))
    except (ValueError, TypeError):  # a lifetime that Authlib cannot read, for one
        return Unknown(_UNREADABLE)


def _as_json(auth: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, str]:
    """Client authentication of Authlib that also turns the form into JSON, as some of the documents want it."""
    fields = dict(parse_qsl(body if isinstance(body, str) else body.decode(), keep_blank_values=True))
    fields |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
    headers["Content-Type"] = "application/json"
    return uri, headers, json.dumps(fields)


def _refuse_anything_but_tokens(response: requests.Response, *, secrets: Iterable[str]) -> requests.Response:
    """Authlib's hook before it reads an answer: let through what holds tokens, raise what it came to otherwise."""
    content = body_of(response, most_bytes=MOST_BYTES_OF_OTHERS)
    if content is None:
        raise _NoTokens(Unknown(_TOO_LONG, status=response.status_code))
    location = response.headers.get("Location", "")
    outcome: Outcome = read_answer(
        EXCHANGE, status=response.status_code, body=content, location=location, secrets=secrets
    )
    if isinstance(outcome, Unknown) and response.status_code < 300:
        outcome = Unknown(_UNREADABLE)  # its own reason quotes the body, which may hold half a token
    if not isinstance(outcome, Success):
        raise _NoTokens(outcome)
    body = outcome.body
    if not isinstance(body, dict) or not isinstance(body.get("access_token"), str) or not body["access_token"]:
        raise _NoTokens(Unknown(_UNREADABLE))
    if str(body.get("token_type", "bearer")).lower() != "bearer":
        raise _NoTokens(Rejected("the platform gave a token of a kind that is not known here", outcome.status))
    whole = requests.Response()
    whole.status_code, whole.headers, whole.raw = response.status_code, response.headers, BytesIO(content)
    return whole


def _tokens_of(answer: Any, *, origin: str, now: datetime) -> Tokens:
    refresh_token = answer.get("refresh_token")
    refresh_seconds = _seconds(answer.get("refresh_token_expires_in"))
    return Tokens(
        access_token=answer["access_token"],
        refresh_token=refresh_token if isinstance(refresh_token, str) else "",
        access_expires_at=now + timedelta(seconds=_seconds(answer.get("expires_in")) or LEAST_ACCESS_SECONDS),
        refresh_expires_at=now + timedelta(seconds=refresh_seconds) if refresh_seconds else None,
        origin=origin,
        api_hosts=read_api_hosts(answer),
    )


def _seconds(value: object) -> float:
    """A lifetime as the platform gave it, 0 for one that makes no sense."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        return 0.0
    return seconds if 0 < seconds <= MOST_SECONDS else 0.0

"""Signing in at the platform: a new session, its renewal, and whose it is.

One session is shared by the whole installation and renewed: a new login may close an older session and revoke its
token, and five failed logins an hour lock the address. Nothing here tries twice.
Source: partner.tradovate.com/api/rest-api-endpoints/authentication/access-token-request (and renew-access-token).
"""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from vendor_admin.tradovate.api_hosts import ApiHosts, read_api_hosts
from vendor_admin.tradovate.operations import ACCESS_TOKEN_REQUEST, ME, RENEW_ACCESS_TOKEN
from vendor_admin.tradovate.outcomes import (
    Json,
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.rest.client import RestClient
from vendor_admin.tradovate.values import id_of, time_of

Failure = Rejected | Penalized | Locked | Unauthorized | WrongHost | Unknown | NotSent


@dataclass(frozen=True, slots=True)
class Credentials:
    """A vendor's API key: `app_id` is the key's name, `cid` its number, `sec` its secret.

    `device_id` should stay the same for one installation: an unknown device may need approval by e-mail.
    """

    name: str
    password: str = field(repr=False)
    app_id: str
    app_version: str
    cid: str
    sec: str = field(repr=False)
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A platform session. `expires_at` is aware, in UTC, as the platform gave it.

    `api_hosts` are the hosts that the answer with this token named, not checked yet; they say nothing about the token.
    """

    token: str = field(repr=False)
    expires_at: datetime
    user_id: int
    name: str
    api_hosts: ApiHosts = field(default_factory=ApiHosts, compare=False)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose token it is."""

    user_id: int
    name: str
    full_name: str
    email: str
    organization_name: str
    email_verified: bool = False


class SignInProblem(enum.StrEnum):
    """Why signing in failed, as far as the platform lets one tell."""

    WRONG_CREDENTIALS = "wrong_credentials"
    APP_NOT_REGISTERED = "app_not_registered"
    NOT_PERMITTED = "not_permitted"
    PENALTY = "penalty"
    CAPTCHA = "captcha"
    LOCKED = "locked"
    WRONG_HOST = "wrong_host"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    OTHER = "other"


def request_access_token(
    client: RestClient, credentials: Credentials, *, penalty_ticket: str | None = None
) -> AccessToken | Failure:
    """Make a new session. Draw on the login budget first; ask `sign_in_problem_of` what a failure means."""
    body = {
        "name": credentials.name,
        "password": credentials.password,
        "appId": credentials.app_id,
        "appVersion": credentials.app_version,
        "cid": credentials.cid,
        "sec": credentials.sec,
        "deviceId": credentials.device_id,
    }
    given = {name: value for name, value in body.items() if value}
    return _read_token(client.call(ACCESS_TOKEN_REQUEST, body=given, penalty_ticket=penalty_ticket), None)


def renew_access_token(
    client: RestClient, token: AccessToken, *, penalty_ticket: str | None = None
) -> AccessToken | Failure:
    """Extend the session of a token that has not expired. The answer usually holds a new token: use that one."""
    return _read_token(client.call(RENEW_ACCESS_TOKEN, token=token.token, penalty_ticket=penalty_ticket), token)


def who_am_i(client: RestClient, token: AccessToken, *, penalty_ticket: str | None = None) -> Identity | Failure:
    """Ask the platform whose token this is. Ten failed calls an hour are allowed."""
    outcome = client.call(ME, token=token.token, penalty_ticket=penalty_ticket)
    if not isinstance(outcome, Success):
        return outcome
    body = outcome.body if isinstance(outcome.body, dict) else {}
    user_id = id_of(body.get("userId"))
    if user_id is None:
        return Rejected("the platform did not say whose token it is", outcome.status, body=outcome.body)
    name, full_name, email, organization = (
        _text(body, name) for name in ("name", "fullName", "email", "organizationName")
    )
    return Identity(user_id, name, full_name, email, organization, body.get("emailVerified") is True)


def sign_in_problem_of(failure: Outcome) -> SignInProblem:
    """Tell what a failed login means, so that the caller tries again only where that can help."""
    match failure:
        case Penalized(captcha=captcha):
            return SignInProblem.CAPTCHA if captcha else SignInProblem.PENALTY
        case Locked():
            return SignInProblem.LOCKED
        case Unauthorized():
            return SignInProblem.WRONG_CREDENTIALS
        case WrongHost():
            return SignInProblem.WRONG_HOST
        case NotSent():
            return SignInProblem.UNREACHABLE
        case Unknown():
            return SignInProblem.NO_ANSWER
        case Rejected(error_text=text):
            return _problem_in(text)
        case Success():
            return SignInProblem.OTHER


# The platform gives no code for a failed login, only words. These were seen, or are in its documents.
_WORDS = (
    ("not registered", SignInProblem.APP_NOT_REGISTERED),
    ("captcha", SignInProblem.CAPTCHA),
    ("incorrect username or password", SignInProblem.WRONG_CREDENTIALS),
    ("password", SignInProblem.WRONG_CREDENTIALS),
    ("credentials", SignInProblem.WRONG_CREDENTIALS),
    ("locked", SignInProblem.LOCKED),
    ("access is denied", SignInProblem.NOT_PERMITTED),
    ("permission", SignInProblem.NOT_PERMITTED),
)


def _problem_in(text: str) -> SignInProblem:
    lowered = text.lower()
    return next((problem for words, problem in _WORDS if words in lowered), SignInProblem.OTHER)


def _read_token(outcome: Outcome, previous: AccessToken | None) -> AccessToken | Failure:
    """Read a login or renewal. A renewal may leave out what did not change."""
    if not isinstance(outcome, Success):
        return outcome
    body = outcome.body if isinstance(outcome.body, dict) else {}
    token = _text(body, "accessToken") or (previous.token if previous else "")
    user_id = id_of(body.get("userId", previous.user_id if previous else None))
    expires_at = time_of(body.get("expirationTime"))
    if not _text(body, "accessToken") and previous is None:
        status = _text(body, "userStatus")
        return _incomplete(outcome, f"no access token; user status {status}" if status else "no access token")
    if expires_at is None:
        return _incomplete(outcome, "no usable expirationTime")
    if user_id is None:
        return _incomplete(outcome, "no userId")
    name = _text(body, "name") or (previous.name if previous else "")
    return AccessToken(token, expires_at, user_id, name, read_api_hosts(body))


def _incomplete(outcome: Success, what: str) -> Rejected:
    return Rejected(f"the platform answered a sign-in with {what}", outcome.status, body=outcome.body)


def _text(body: dict[str, Json], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""

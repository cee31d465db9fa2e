"""Logging in, renewing and asking who one is; failures come as HTTP 200 with `errorText`, as on the platform."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from vendor_admin.sandbox.calls import Answer
from vendor_admin.sandbox.sessions import Session, Sessions
from vendor_admin.sandbox.world.state import Organization, World
from vendor_admin.sandbox.world.times import timestamp
from vendor_admin.tradovate.enums import Environment

WRONG_KEY = "The app is not registered"
WRONG_LOGIN = "Incorrect username or password. Please try again."
UNVERIFIED = frozenset({"Initiated", "UnconfirmedEmail"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class TokenUser:
    """Whose token it is: the administrator, or the member of a delegated one."""

    id: int
    name: str
    full_name: str
    email: str
    status: str
    organization: Organization


def log_in(
    sessions: Sessions, body: Mapping[str, Any], *, now: float
) -> tuple[Answer, Session | None]:  # Any: JSON values
    """The answer to an access token request, and the session that it pushed out, if any.

    A body without `name` or `password` is a 400; a wrong key or password is a 200 with `errorText`.
    """
    for name in ("name", "password"):
        if not isinstance(body.get(name), str):
            return Answer(400, f'Invalid JSON: missing required field "{name}", offset: 0x00000001'), None
    organization = sessions.organization_of_key(
        app_id=str(body.get("appId", "")), cid=str(body.get("cid", "")), sec=str(body.get("sec", ""))
    )
    if organization is None:
        return Answer(200, {"errorText": WRONG_KEY}), None
    if (body["name"], body["password"]) != (organization.username, organization.password):
        return Answer(200, {"errorText": WRONG_LOGIN}), None
    token, expires_at, evicted = sessions.open(organization, device_id=str(body.get("deviceId", "")), now=now)
    return Answer(200, _token_body(organization.admin_user_id, organization.username, token, expires_at)), evicted


def renew(sessions: Sessions, user: TokenUser, token: str, *, now: float) -> Answer:
    """Another token of the same session."""
    new_token, expires_at = sessions.renew(token, now=now)
    return Answer(200, _token_body(user.id, user.name, new_token, expires_at, status=user.status))


def who_am_i(user: TokenUser) -> Answer:
    """The user behind the token."""
    return Answer(
        200,
        {
            "userId": user.id,
            "name": user.name,
            "fullName": user.full_name,
            "email": user.email,
            "emailVerified": user.status not in UNVERIFIED,
            "isTrial": False,
            "organizationName": user.organization.name,
        },
    )


def user_of_token(world: World, organization: Organization, member_id: int | None) -> TokenUser:
    """The administrator, or the member of a delegated token."""
    view = world.view(Environment.LIVE, organization.id)
    record = view.get("user", member_id or organization.admin_user_id)
    user = record.entity if record else {}
    if member_id is None:
        return TokenUser(
            id=organization.admin_user_id,
            name=organization.username,
            full_name=f"{organization.name} Administrator",
            email=user.get("email", ""),
            status="Active",
            organization=organization,
        )
    contact = next((found.entity for found in view.dependents("contactInfo", member_id)), {})
    return TokenUser(
        id=member_id,
        name=user.get("name", ""),
        full_name=f"{contact.get('firstName', '')} {contact.get('lastName', '')}".strip(),
        email=user.get("email", ""),
        status=user.get("status", "Closed"),
        organization=organization,
    )


def _token_body(user_id: int, name: str, token: str, expires_at: float, *, status: str = "Active") -> dict[str, object]:
    moment = dt.datetime.fromtimestamp(expires_at, dt.UTC)
    return {
        "accessToken": token,
        "mdAccessToken": f"{token}-md",
        "expirationTime": timestamp(moment),
        "passwordExpirationTime": timestamp(moment + dt.timedelta(days=365)),
        "userStatus": status,
        "userId": user_id,
        "name": name,
        "hasLive": True,
        "hasSimPlus": False,
        "outdatedTaC": False,
        "hasFunded": True,
        "hasMarketData": True,
        "outdatedLiquidationPolicy": False,
    }

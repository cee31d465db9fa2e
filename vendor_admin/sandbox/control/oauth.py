"""The control door of the OAuth pages: `GET` and `POST /control/oauth/<verb>` with a JSON object."""

import dataclasses
from collections.abc import Callable

from vendor_admin.sandbox.control.selection import Body, ControlError, needed_organization, organization_of
from vendor_admin.sandbox.oauth.clients import Client, checked_redirect_uris
from vendor_admin.sandbox.oauth.faults import ExchangeFault, ExchangeRule, PageFault, PageRule
from vendor_admin.sandbox.oauth.grants import Grant
from vendor_admin.sandbox.platform import Platform, epoch_now

MOST_MEMBERS = 1_000


def clients(platform: Platform, query: Body) -> list[Body]:
    """Every registered client with its secret, of one `organization` or of all."""
    organization = organization_of(platform, query)
    return [
        _client_body(client) for client in platform.oauth.clients.all() if organization in (None, client.organization)
    ]


def members(platform: Platform, query: Body) -> list[Body]:
    """Who may sign in, with passwords: of one `organization` or of all, at most `limit`."""
    limit = min(int(query.get("limit", 100)), MOST_MEMBERS)
    found = list(platform.oauth.members.all(organization_of(platform, query)))[:limit]
    return [
        {
            "user_id": member.user_id,
            "name": member.name,
            "email": member.email,
            "password": platform.oauth.members.password_of(member),
            "status": member.status,
            "organization": member.organization.name,
            "is_administrator": member.user_id == member.organization.admin_user_id,
        }
        for member in found
    ]


def state(platform: Platform, query: Body) -> Body:
    """Settings, open visits and codes, grants, faults that wait, locked users."""
    now, oauth = epoch_now(), platform.oauth
    codes = oauth.authorizations.codes.values()
    return {
        "settings": dataclasses.asdict(oauth.settings),
        "visits": sum(visit.expires_at > now for visit in oauth.authorizations.visits.values()),
        "codes": sum(code.expires_at > now and not code.is_spent for code in codes),
        "grants": [_grant_body(grant, now=now) for grant in oauth.grants.all],
        "exchange_faults": [dataclasses.asdict(rule) for rule in oauth.faults.exchanges],
        "page_faults": [dataclasses.asdict(rule) for rule in oauth.faults.pages],
        "locked": oauth.members.locked(now=now),
    }


def _client_body(client: Client) -> Body:
    return {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "name": client.name,
        "organization": client.organization.name,
        "organization_id": client.organization.id,
        "redirect_uris": client.redirect_uris,
    }


def _grant_body(grant: Grant, *, now: float) -> Body:
    return {
        "id": grant.id,
        "client_id": grant.client_id,
        "user_id": grant.member.user_id,
        "organization": grant.member.organization.name,
        "session": grant.session.ended.value if grant.session.ended else "good",
        "access_expires_in": max(grant.session.tokens.values()) - now,
        "refresh_expires_in": grant.refresh_expires_at - now,
        "refreshes": grant.refreshes,
        "is_revoked": grant.is_revoked,
    }


def _client(platform: Platform, body: Body) -> Body:
    """Register a client of an `organization`, or change the one that `client_id` names."""
    known = platform.oauth.clients.get(str(body.get("client_id", "")))
    if known is None:
        client = platform.oauth.clients.register(
            needed_organization(platform, body),
            client_id=str(body.get("client_id", "")),
            client_secret=str(body.get("client_secret", "")),
            name=str(body.get("name", "")),
            redirect_uris=body["redirect_uris"],
        )
        return _client_body(client)
    organization = organization_of(platform, body)
    if organization not in (None, known.organization):
        raise ControlError(f"client {known.client_id} belongs to {known.organization.name}")
    if "redirect_uris" in body:
        known.redirect_uris = checked_redirect_uris(body["redirect_uris"])
    known.client_secret = str(body.get("client_secret", known.client_secret))
    known.name = str(body.get("name", known.name))
    return _client_body(known)


def _remove_client(platform: Platform, body: Body) -> None:
    if platform.oauth.clients.remove(str(body["client_id"])) is None:
        raise ControlError(f"no client {body['client_id']}")


def _next(platform: Platform, body: Body) -> None:
    """Spoil the next `calls` exchanges: `fault` is one of ExchangeFault; `calls` 0 lasts until `clear`."""
    platform.oauth.faults.exchanges.append(
        ExchangeRule(
            fault=ExchangeFault(str(body["fault"])),
            grant_type=str(body.get("grant_type", "")),
            client_id=str(body.get("client_id", "")),
            calls=int(body.get("calls", 1)),
            seconds=float(body.get("seconds", 0.0)),
            error=str(body.get("error", "")),
            text=str(body.get("text", "")),
        )
    )


def _pages(platform: Platform, body: Body) -> None:
    """Spoil the next `calls` pages or ways back: `fault` is one of PageFault; `calls` 0 lasts until `clear`."""
    platform.oauth.faults.pages.append(
        PageRule(
            fault=PageFault(str(body["fault"])),
            client_id=str(body.get("client_id", "")),
            calls=int(body.get("calls", 1)),
            seconds=float(body.get("seconds", 0.0)),
        )
    )


def _advance(platform: Platform, body: Body) -> None:
    """Let `seconds` pass for pages, codes, grants, locks and tickets, without waiting."""
    platform.oauth.age(float(body["seconds"]))


def _expire(platform: Platform, body: Body) -> Body:
    """Let `what` (codes, access, refresh) expire now; tokens of one `user_id`, or of all."""
    match body["what"]:
        case "codes":
            return {"expired": platform.oauth.authorizations.expire_codes()}
        case "access":
            grants = _grants(platform, body)
            for grant in grants:
                grant.session.tokens = dict.fromkeys(grant.session.tokens, 0.0)
        case "refresh":
            grants = _grants(platform, body)
            for grant in grants:
                grant.refresh_expires_at = 0.0
        case what:
            raise ControlError(f"unknown thing to expire {what}; known: access, codes, refresh")
    return {"expired": len(grants)}


def _revoke(platform: Platform, body: Body) -> Body:
    """End the grants of one `user_id` and `client_id`, or of all, as if the members had taken them back."""
    grants = _grants(platform, body)
    for grant in grants:
        platform.oauth.grants.revoke(grant)
    return {"revoked": len(grants)}


def _grants(platform: Platform, body: Body) -> list[Grant]:
    return [
        grant
        for grant in platform.oauth.grants.all
        if not grant.is_revoked
        and body.get("user_id") in (None, grant.member.user_id)
        and body.get("client_id") in (None, grant.client_id)
    ]


def _password(platform: Platform, body: Body) -> None:
    """Give `user_id` another `password`."""
    platform.oauth.members.passwords[int(body["user_id"])] = str(body["password"])


def _me_limit(platform: Platform, body: Body) -> None:
    """Whether good calls of auth/me count as well (`counts_successes`): the documents disagree."""
    if body["counts_successes"]:
        platform.limits.strict_endpoints.add("auth/me")
    else:
        platform.limits.strict_endpoints.discard("auth/me")


def _configure(platform: Platform, body: Body) -> Body:
    """Change settings; answers all of them."""
    for name, value in body.items():
        platform.oauth.settings.change(name, value)
    return dataclasses.asdict(platform.oauth.settings)


def _clear(platform: Platform, body: Body) -> None:
    """Forget faults, tickets, wrong passwords and locks."""
    platform.oauth.faults.clear()
    platform.oauth.members.unlock()


OAUTH_VIEWS: dict[str, Callable[[Platform, Body], object]] = {
    "oauth/clients": clients,
    "oauth/members": members,
    "oauth/state": state,
}
OAUTH_ACTIONS: dict[str, Callable[[Platform, Body], Body | None]] = {
    "oauth/client": _client,
    "oauth/remove-client": _remove_client,
    "oauth/next": _next,
    "oauth/pages": _pages,
    "oauth/advance": _advance,
    "oauth/expire": _expire,
    "oauth/revoke": _revoke,
    "oauth/password": _password,
    "oauth/me-limit": _me_limit,
    "oauth/configure": _configure,
    "oauth/clear": _clear,
}

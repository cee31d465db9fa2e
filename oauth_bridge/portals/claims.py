"""What a portal is told about a member: the claims of id_token and userinfo, before scopes narrow them."""

import calendar
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import Any

from oauth_bridge.members import data as member_data
from oauth_bridge.models import MemberLink
from oauth_bridge.portals.scopes import SCOPE_OF_CLAIM
from vendor_admin.tradovate.trading_calendar import session_date

_KINDS = {"memberships": "membership", "entitlements": "entitlement", "market_data": "market_data"}


def claims_of(link: MemberLink, *, scopes: list[str], now: datetime) -> dict[str, Any]:
    """The claims that these scopes give. What the platform does not tell, and an e-mail address that it has not
    verified, is left out. Inside the organization's scope.
    """
    claims: dict[str, Any] = {
        "sub": link.subject,
        "platform_user_id": link.platform_user_id,
        "environment": link.environment,
        "organization": link.organization.slug,
        "organization_name": link.organization.name,
        "name": link.full_name,
        "preferred_username": link.name,
    }
    if link.email and link.email_verified:
        claims |= {"email": link.email, "email_verified": True}
    if SCOPE_OF_CLAIM["entitlements"] in scopes:
        claims["entitlements"] = _entitlements(link, now=now)
    return {name: value for name, value in claims.items() if value != "" and SCOPE_OF_CLAIM[name] in scopes}


def _entitlements(link: MemberLink, *, now: datetime) -> list[dict[str, Any]]:
    """Memberships, entitlements and market data as programs read them; null: the platform has not sent it."""
    today = session_date(now)
    found = []
    for kind, subscriptions in member_data.subscriptions_of(link, now=now).items():
        for one in subscriptions:
            row = one.row
            ends_on = _end_of_month(row) if kind == "market_data" else row.expiration_date
            found.append({
                "kind": _KINDS[kind],
                "id": row.entity_id,
                "title": one.title,
                "is_active": None if ends_on is None else ends_on >= today,
                "ends_on": ends_on.isoformat() if ends_on else None,
            })  # fmt: skip
    return found


def _end_of_month(row: Any) -> date | None:
    """Market data is bought month by month."""
    if row.year is None or row.month is None or not (MINYEAR <= row.year <= MAXYEAR and 1 <= row.month <= 12):
        return None
    return date(row.year, row.month, calendar.monthrange(row.year, row.month)[1])

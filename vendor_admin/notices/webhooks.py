"""Webhooks by the Standard Webhooks specification: where they may go, their secret, their signature."""

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from standardwebhooks import Webhook

from vendor_admin.organizations.platform_access import network_policy
from vendor_admin.organizations.platform_access.network_policy import AllowedPlaces

SECRET_BYTES = 32
OLD_SECRET_LASTS = timedelta(days=1)
LONGEST_URL = 500


def new_secret() -> str:
    """A signing secret as receivers' libraries take it: whsec_ and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def problem_of_url(url: str) -> str | None:
    """A sentence if notices may not be sent to this URL, by its form or by where its host leads."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"This URL cannot be read: {error}."
    if parts.scheme not in schemes() or not parts.hostname:
        return "The URL must begin with https:// and name a host."
    if parts.username or parts.password:
        return "The URL must not hold a user name or password: messages are signed instead."
    if parts.fragment:
        return "The URL must not hold #."
    if len(url) > LONGEST_URL or not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        return f"The URL may have {LONGEST_URL} plain letters at most, without spaces."
    return problem_of_place(parts.hostname, network_policy.addresses_of(parts.hostname))


class Signing(Protocol):
    """What messages are signed by: a notice channel, an event webhook."""

    secret: Any
    secret_changed_at: datetime | None


def signed_headers(signing: Signing, *, message_id: str, body: str, now: datetime) -> dict[str, str]:
    """The headers by which a receiver knows the sender. For a day after a change the old secret signs as well.

    `now` is in UTC: the library reads no other zone. Raises UndecryptableError.
    """
    known = [signing.secret["current"]]
    if signing.secret_changed_at and now < signing.secret_changed_at + OLD_SECRET_LASTS:
        known.append(signing.secret.get("previous"))
    signatures = [Webhook(one).sign(message_id, now, body) for one in known if one]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def body_of(message: Mapping[str, Any]) -> str:
    """The body: the same text at each attempt."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def schemes() -> tuple[str, ...]:
    """What a URL may begin with: plain HTTP only where DEBUG is on."""
    return ("https", "http") if settings.DEBUG else ("https",)


def problem_of_place(host: str, addresses: list[str]) -> str | None:
    """A sentence if one of a host's addresses is not public. It does not tell which."""
    everything = settings.ALLOW_INTERNAL_PLATFORM_HOSTS
    allowed = AllowedPlaces(loopback=everything or settings.DEBUG, internal=everything)
    if network_policy.problem_of_host(host, addresses, allowed=allowed) is None:
        return None
    return f"{host} leads to this machine or into a private network. Messages go to public addresses only."

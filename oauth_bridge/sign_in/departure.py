"""A member's way to the platform."""

from datetime import datetime

from oauth_bridge import platform_oauth
from oauth_bridge.members import attempts
from oauth_bridge.own_addresses import redirect_uri
from oauth_bridge.sign_in import clients, endpoint_locks
from vendor_admin.organizations.models import Organization


def depart(*, organization: Organization, environment: str, browser: str, next_address: str, now: datetime) -> str:
    """The address at the platform to send this browser to. `next_address` has been checked by `safe_next`.

    Must be called outside any transaction. Raises SignInFailed.
    """
    client = clients.client_for_sign_in(organization=organization, environment=environment)
    endpoint_locks.stop_if_locked(client, now=now)
    state, verifier = platform_oauth.new_state(), platform_oauth.new_verifier()
    attempts.depart(
        organization=organization,
        environment=environment,
        state=state,
        verifier=verifier,
        browser=browser,
        next_address=next_address,
        now=now,
    )
    return platform_oauth.address_of_sign_in(
        client, redirect_uri=redirect_uri(organization, environment), state=state, verifier=verifier
    )

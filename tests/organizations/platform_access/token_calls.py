"""What tests of tokens ask for."""

from datetime import datetime

import pytest

from vendor_admin.organizations.models import BudgetUse, Connection, PlatformSession
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.outcomes import Rejected
from vendor_admin.tradovate.rest.authentication import AccessToken

REFUSED = Rejected("Incorrect username or password. Please try again.", 200)


def token_of(connection: Connection, now: datetime) -> AccessToken:
    return tokens.access_token(connection_id=connection.pk, organization_id=connection.organization_id, now=now)


def unavailable(connection: Connection, now: datetime) -> TokenUnavailable:
    with pytest.raises(TokenUnavailable) as caught:
        token_of(connection, now)
    return caught.value


def stored(connection: Connection) -> PlatformSession:
    with organization_scope(connection.organization_id):
        return PlatformSession.objects.get()


def uses_of_logins() -> int:
    return BudgetUse.objects.filter(key__contains="accesstokenrequest").count()

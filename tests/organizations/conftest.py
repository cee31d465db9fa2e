"""An organization with a connection, and a platform that answers logins as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import pytest

from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.platform_access import logins
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.rest.authentication import AccessToken, Credentials

SECRETS = {"password": "hunter2-hunter2", "sec": "s3cr3t-of-the-key"}
CREDENTIALS = {
    "name": "alpha-admin",
    "app_id": "Vendor Admin",
    "app_version": "1.0",
    "cid": "8",
    "device_id": "device-1",
    **SECRETS,
}


@pytest.fixture
def make_connection() -> Callable[..., Connection]:
    def make(slug: str = "alpha", **values: Any) -> Connection:
        organization, _ = Organization.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
        fields = {
            "environment": "demo",
            "rest_url": "http://127.0.0.1:9/demo/v1",
            "websocket_url": "ws://127.0.0.1:9/demo/v1/websocket",
            "credentials": CREDENTIALS,
        }
        with organization_scope(organization.pk):
            return Connection.objects.create(organization=organization, **(fields | values))

    return make


@dataclass
class FakeSignIn:
    """Stands at the network edge. Each call takes the next of `answers`, or makes a new token for `lifetime`."""

    now: datetime
    lifetime: timedelta = timedelta(minutes=80)
    answers: list[Any] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    logins: list[tuple[Credentials, str | None]] = field(default_factory=list)
    renewals: list[str] = field(default_factory=list)
    _made: int = 0
    _lock: Any = field(default_factory=Lock)

    def log_in(self, client: object, credentials: Credentials, *, penalty_ticket: str | None = None) -> Any:
        with self._lock:
            self.logins.append((credentials, penalty_ticket))
        return self._answer()

    def renew(self, client: object, token: AccessToken, *, penalty_ticket: str | None = None) -> Any:
        self.renewals.append(token.token)
        return self._answer()

    def _answer(self) -> Any:
        self.before()
        with self._lock:
            if self.answers:
                return self.answers.pop(0)
            self._made += 1
            return AccessToken(f"secret-token-{self._made}", self.now + self.lifetime, 4001, "alpha-admin")


@pytest.fixture
def now() -> datetime:
    return datetime.fromisoformat("2026-11-20T12:00:00+00:00")


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, now: datetime) -> FakeSignIn:
    fake = FakeSignIn(now=now)
    monkeypatch.setattr(logins, "request_access_token", fake.log_in)
    monkeypatch.setattr(logins, "renew_access_token", fake.renew)
    return fake

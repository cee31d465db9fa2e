"""What must be true after a sign-in that was refused, and what the platform was asked."""

from typing import Any

from django.contrib.auth import SESSION_KEY as SIGNED_IN

from oauth_bridge.models import MemberLink, MemberSession
from oauth_bridge.problems import PAGES, Problem
from tests.oauth_bridge.visitor import Visitor
from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.tenancy.scope import organization_scope


def refused(visitor: Visitor, response: Any, problem: Problem) -> str:
    """The page's text, after looking that it is the right page and that nobody came in."""
    text = response.content.decode()
    assert f"<code>{problem.value}</code>" in text, (response.status_code, response.headers, text[-1500:])
    assert response.status_code == PAGES[problem].status
    assert "no-store" in response["Cache-Control"]
    assert response["Referrer-Policy"] == "no-referrer"
    nobody_came_in(visitor)
    return text


def nobody_came_in(visitor: Visitor) -> None:
    assert SIGNED_IN not in visitor.browser.session
    for organization in Organization.objects.all():
        with organization_scope(organization.pk):
            assert not MemberSession.objects.exists()
            assert not MemberLink.objects.exists()
    assert not User.objects.filter(kind=User.Kind.MEMBER).exists()


def exchanges(visitor: Visitor, since: int = 0) -> int:
    """How many exchanges the platform has received."""
    entries = visitor.sandbox.view("ledger", kind="oauth", after=since, limit=20_000)["entries"]
    return sum(one["endpoint"] == "auth/oauthtoken" and one["direction"] == "received" for one in entries)


def now_in_ledger(visitor: Visitor) -> int:
    return int(visitor.sandbox.view("ledger", limit=1)["last_n"])

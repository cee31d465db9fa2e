"""What a signed-in member sees and may do: accounts, subscriptions, sign-ins, sign out, disconnect."""

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oauth_bridge.members import consents, links, member_sessions
from oauth_bridge.members import data as member_data
from oauth_bridge.members.permission_in_words import permission_in_words
from oauth_bridge.models import MemberLink, MemberSession
from oauth_bridge.portals.scopes import words_of
from oauth_bridge.site.page_scope import member_context, member_page, missing_page, organization_page
from vendor_admin.organizations.models import Organization
from vendor_admin.sync.freshness import freshness


@organization_page
def missing(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Every other address below an organization's."""
    return missing_page(request, organization)


@require_safe
@member_page
def accounts(request: HttpRequest, link: MemberLink) -> HttpResponse:
    """All accounts with the room that is left, and all trading permissions."""
    now = timezone.now()
    permissions = member_data.permissions_of(link)
    found = member_data.accounts_of(link, permissions, now=now)
    context = member_context(
        request,
        link,
        page="accounts",
        accounts=[one for one in found if not one.is_over],
        accounts_over=[one for one in found if one.is_over],
        permissions=[permission_in_words(row) for row in permissions],
        stale=_stale(link, {one.state.account.environment for one in found}),
        now=now,
    )
    return render(request, _template(request, "accounts"), context)


@require_safe
@member_page
def account(request: HttpRequest, link: MemberLink, environment: str, account_id: int) -> HttpResponse:
    """One account: room, limits in words, permission, open positions."""
    now = timezone.now()
    one = member_data.account_of(link, environment=environment, account_id=account_id, now=now)
    if one is None:
        raise Http404("You have no such account.")
    context = member_context(
        request,
        link,
        page="accounts",
        one=one,
        stale=_stale(link, {environment}),
        permissions=[permission_in_words(row) for row in one.permissions],
        now=now,
        **member_data.limits_of(one),
    )
    return render(request, _template(request, "account"), context)


@require_safe
@member_page
def subscriptions(request: HttpRequest, link: MemberLink) -> HttpResponse:
    """What the member subscribes to, and when it renews."""
    found = member_data.subscriptions_of(link, now=timezone.now())
    context = member_context(request, link, page="subscriptions", **found)
    return render(request, "member/subscriptions.html", context)


@require_safe
@member_page
def sign_ins(request: HttpRequest, link: MemberLink) -> HttpResponse:
    """The link with the platform, the browsers that are signed in, and the portals that are told."""
    sessions = member_sessions.open_sessions(link=link, now=timezone.now())
    context = member_context(
        request,
        link,
        page="sign_ins",
        sessions=sessions,
        own_id=_own(request).pk,
        portals=[(one, words_of(one.scopes, link.organization.name)) for one in consents.consents_of(link)],
    )
    return render(request, "member/sign_ins.html", context)


@require_POST
@member_page
def end_session(request: HttpRequest, link: MemberLink, session_id: int) -> HttpResponse:
    """End one of the member's own sessions."""
    if session_id == _own(request).pk:
        return _sign_out(request, link)
    if not member_sessions.end(link=link, session_id=session_id, now=timezone.now()):
        raise Http404("You have no such sign-in.")
    messages.success(request, "That browser is signed out.")
    return HttpResponseRedirect(reverse("member_sign_ins", args=[link.organization.slug]))


@require_POST
@member_page
def sign_out(request: HttpRequest, link: MemberLink) -> HttpResponse:
    """Sign this browser out."""
    return _sign_out(request, link)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page
def disconnect(request: HttpRequest, link: MemberLink) -> HttpResponse:
    """Ask once more, then delete the tokens and end every session."""
    if request.method != "POST":
        return render(request, "member/disconnect.html", member_context(request, link, page="sign_ins"))
    links.disconnect(
        link=link,
        actor=link.actor,
        now=timezone.now(),
        request_id=getattr(request, "request_id", ""),
    )
    logout(request)
    return render(request, "member/disconnected.html", member_context(request, link, page=""))


def _sign_out(request: HttpRequest, link: MemberLink) -> HttpResponse:
    member_sessions.end(link=link, session_id=_own(request).pk, now=timezone.now())
    logout(request)
    return HttpResponseRedirect(reverse("member_entrance", args=[link.organization.slug]))


def _own(request: HttpRequest) -> MemberSession:
    session: MemberSession = request.member_session  # type: ignore[attr-defined]
    return session


def _stale(link: MemberLink, environments: set[str]) -> list[object]:
    """What is known of environments whose figures may be old."""
    found = freshness(organization_id=link.organization_id, now=timezone.now(), environments=sorted(environments))
    return [one for one in found if not one.is_live]


def _template(request: HttpRequest, name: str) -> str:
    """The whole page, or the part of it that renews itself."""
    return f"member/{name}_part.html" if "part" in request.GET else f"member/{name}.html"

"""An organization's sign-in page, the way to the platform and the way back."""

import secrets
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from oauth_bridge.members import attempts, member_sessions
from oauth_bridge.models import MemberSite, PlatformClient
from oauth_bridge.own_addresses import is_canonical, safe_next
from oauth_bridge.problems import Problem, SignInFailed
from oauth_bridge.sign_in.code_exchange import Answer, CodeExchange
from oauth_bridge.sign_in.departure import depart
from oauth_bridge.site.page_scope import (
    organization_page,
    page_without_transaction,
    problem_page,
    public_file,
    session_of,
)
from oauth_bridge.site.site import look_of
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.requests.late_forms import waits_for_sign_in
from vendor_admin.organizations.sign_in.client_address import caller_address, caller_network

BROWSER_KEY = "sign_in_browser"
LONGEST_PARAMETER = 2000


@require_safe
@organization_page
def entrance(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The sign-in page of an organization; who is signed in already goes on to the accounts."""
    wanted = safe_next(request.GET.get("next", ""), organization=organization)
    if session_of(request, organization) is not None:
        return HttpResponseRedirect(wanted or reverse("member_accounts", args=[organization.slug]))
    if _is_elsewhere(request):
        # The platform sends members back to one name; a cookie of another would not be there.
        query = urlencode({"next": wanted, "moved": 1} if wanted else {"moved": 1})
        return HttpResponseRedirect(f"{settings.SITE_URL}{request.path}?{query}")
    more = {"next": wanted} if wanted else {}
    more |= {"moved": "1"} if "moved" in request.GET else {}
    clients = PlatformClient.objects.filter(is_enabled=True) if settings.SITE_URL else []
    ways = [
        (client, reverse("member_sign_in", args=[organization.slug, client.environment]) + _query(more))
        for client in clients
    ]
    context = {"organization": organization, "look": look_of(organization), "ways": ways, "is_needed": bool(wanted)}
    context["came_too_late"] = waits_for_sign_in(request)
    return render(request, "member/entrance.html", context)


@require_GET
@page_without_transaction
def start(request: HttpRequest, organization: Organization, environment: str) -> HttpResponse:
    """Off to the platform. Only from our own pages: nobody else's page may begin a sign-in in a visitor's name."""
    wanted = safe_next(request.GET.get("next", ""), organization=organization)
    if _is_elsewhere(request) or request.headers.get("Sec-Fetch-Site", "") == "cross-site":
        query = _query({"next": wanted} if wanted else {})
        return HttpResponseRedirect(reverse("member_entrance", args=[organization.slug]) + query)
    try:
        if not settings.SITE_URL:
            raise SignInFailed(Problem.NOT_OPEN)
        now = timezone.now()
        attempts.stop_if_too_many(organization=organization, network=caller_network(request), now=now)
        address = depart(
            organization=organization,
            environment=environment,
            browser=request.session.setdefault(BROWSER_KEY, secrets.token_urlsafe(32)),
            next_address=wanted,
            now=now,
        )
    except SignInFailed as failed:
        return problem_page(request, organization, failed, environment=environment)
    request.session.modified = True
    return _without_referrer(HttpResponseRedirect(address))


@require_GET
@page_without_transaction
def callback(request: HttpRequest, organization: Organization, environment: str) -> HttpResponse:
    """Back from the platform: a session for a member, or a page that says what went wrong."""
    now = timezone.now()
    answer = Answer(**{
        name: _parameter(request, name) for name in ("state", "code", "error", "error_description")
    })  # fmt: skip
    accounts = reverse("member_accounts", args=[organization.slug])
    exchange = CodeExchange(
        organization=organization,
        environment=environment,
        browser=request.session.get(BROWSER_KEY, ""),
        network=caller_network(request),
        now=now,
    )
    try:
        arrival = exchange.run(answer)
    except SignInFailed as failed:
        if failed.problem is Problem.USED and session_of(request, organization) is not None:
            return _without_referrer(HttpResponseRedirect(accounts))  # loaded again: they are in
        return _without_referrer(problem_page(request, organization, failed, environment=environment))
    member_sessions.start(request=request, link=arrival.link, address=caller_address(request), now=now)
    return _without_referrer(HttpResponseRedirect(arrival.next_address or accounts))


@require_safe
@public_file
def brand(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The organization's colours as a style sheet; its address changes with them."""
    return HttpResponse(look_of(organization).style(), content_type="text/css; charset=utf-8")


@require_safe
@public_file
def logo(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The organization's logo."""
    site = MemberSite.objects.filter(organization=organization).exclude(logo_type="").first()
    if site is None:
        raise Http404("This organization has no logo.")
    return HttpResponse(bytes(site.logo), content_type=site.logo_type)


def _is_elsewhere(request: HttpRequest) -> bool:
    return bool(settings.SITE_URL) and "moved" not in request.GET and not is_canonical(request.get_host())


def _parameter(request: HttpRequest, name: str) -> str:
    """A parameter of the address; empty unless it is there once, in a sensible length."""
    values = request.GET.getlist(name)
    fits = len(values) == 1 and len(values[0]) <= LONGEST_PARAMETER and "\x00" not in values[0]
    return values[0] if fits else ""


def _query(fields: dict[str, str]) -> str:
    return "?" + urlencode(fields) if fields else ""


def _without_referrer(response: HttpResponse) -> HttpResponse:
    """The address of these pages holds a code or a state, which no other page is to learn."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response

"""What stands around every page below `/o/`: the organization of the address, its scope, and the signed-in member."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control, never_cache

from oauth_bridge.members import links, member_sessions
from oauth_bridge.models import MemberLink, MemberSession
from oauth_bridge.own_addresses import safe_next
from oauth_bridge.problems import PAGES, Problem, SignInFailed, words_of_wait
from oauth_bridge.site.site import look_of
from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.requests.form_organization import READS
from vendor_admin.organizations.requests.late_forms import after_sign_in, page_of_form
from vendor_admin.organizations.tenancy.scope import organization_scope

View = Callable[..., HttpResponse]


def organization_page(view: View) -> View:
    """A page of an organization, for anybody: runs in its scope and its transaction, and is never kept by a cache."""
    return login_not_required(never_cache(_in_scope(view)))


def public_file(view: View) -> View:
    """The same for what browsers may keep for a day."""
    return login_not_required(cache_control(public=True, max_age=86400)(_in_scope(view)))


def page_without_transaction(view: View) -> View:
    """A page of an organization that calls the platform: its verbs open scopes and transactions of their own."""

    @wraps(view)
    def page(request: HttpRequest, slug: str, environment: str) -> HttpResponse:
        organization = organization_of(slug)
        if environment not in dict(ENVIRONMENTS):
            with organization_scope(organization.pk):
                return missing_page(request, organization)
        return view(request, organization=organization, environment=environment)

    return transaction.non_atomic_requests(login_not_required(never_cache(page)))


def member_page(view: View) -> View:
    """A page of a signed-in member of the organization; everybody else is led to its sign-in, and back afterwards."""

    def page(request: HttpRequest, organization: Organization, **kwargs: Any) -> HttpResponse:
        session = session_of(request, organization)
        if session is None:
            return _to_sign_in(request, organization)
        if links.platform_user_of(session.link) is None:
            member_sessions.end_all(link=session.link, now=timezone.now())
            logout(request)
            return problem_page(request, organization, SignInFailed(Problem.CLOSED, who=str(session.link)))
        return view(request, link=session.link, **kwargs)

    return organization_page(wraps(view)(page))


def _to_sign_in(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Off to the sign-in, and back to the page; of a form that came too late nothing is done, and the page says so."""
    is_form = request.method not in READS
    wanted = safe_next(page_of_form(request), organization=organization) if is_form else request.get_full_path()
    entrance = reverse("member_entrance", args=[organization.slug])
    response = HttpResponseRedirect(f"{entrance}?{urlencode({'next': wanted})}" if wanted else entrance)
    return after_sign_in(response) if is_form else response


def _in_scope(view: View) -> View:
    @wraps(view)
    def page(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
        organization = organization_of(slug)
        with organization_scope(organization.pk):
            try:
                return view(request, organization=organization, **kwargs)
            except Http404:
                return missing_page(request, organization)

    return page


def session_of(request: HttpRequest, organization: Organization) -> MemberSession | None:
    """The signed-in member's session, if it is of this organization."""
    session: MemberSession | None = getattr(request, "member_session", None)
    return session if session is not None and session.organization_id == organization.pk else None


def organization_of(slug: str) -> Organization:
    """The organization of an address, or 404."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise Http404("There is no such organization.")
    return organization


def member_context(request: HttpRequest, link: MemberLink, **more: Any) -> dict[str, Any]:
    """What every page of a member shows."""
    return {"organization": link.organization, "look": look_of(link.organization), "link": link, **more}


def missing_page(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The page for what is not there, in the organization's look; must run inside its scope."""
    session = session_of(request, organization)
    context = {"organization": organization, "look": look_of(organization), "link": session.link if session else None}
    return render(request, "member/missing.html", context, status=404)


def problem_page(
    request: HttpRequest, organization: Organization, failed: SignInFailed, *, environment: str = ""
) -> HttpResponse:
    """The page for what went wrong, with a way on."""
    texts = PAGES[failed.problem]
    with organization_scope(organization.pk):
        look = look_of(organization)
        facts = {
            "organization": look.name,
            "wait": words_of_wait(failed.wait_seconds),
            "who": failed.who or "somebody",
            "belongs_to": failed.belongs_to,
        }
        start = reverse("member_sign_in", args=[organization.slug, environment]) if environment else ""
        context = {
            "organization": organization,
            "look": look,
            "problem": failed,
            "title": texts.title.format(**facts),
            "meaning": texts.meaning.format(**facts),
            "next_step": texts.next_step.format(**facts),
            "start": start if texts.may_start_again else "",
            "accounts": failed.problem is Problem.USED,
        }
        response = render(request, "member/problem.html", context, status=texts.status)
    if failed.wait_seconds is not None:
        seconds = str(max(1, round(failed.wait_seconds)))
        response.headers["Retry-After"] = seconds
        if texts.comes_again:
            response.headers["Refresh"] = seconds
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark: no error of ours
    return response

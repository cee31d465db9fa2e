"""The page that a portal sends members to: sign-in if needed, consent, and back with a code."""

from urllib.parse import urlencode, urlsplit

from csp.constants import SELF
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from oauth_bridge.members import consents, links
from oauth_bridge.models import MemberSession
from oauth_bridge.own_addresses import is_canonical
from oauth_bridge.portals.authorize import (
    AnswerPortal,
    RequestRefused,
    SignInRequest,
    give_code,
    read_request,
    remembered_consent,
    session_is_fresh,
)
from oauth_bridge.portals.scopes import words_of
from oauth_bridge.portals.server import address_line
from oauth_bridge.problems import Problem, SignInFailed
from oauth_bridge.site.page_scope import organization_page, problem_page, session_of
from oauth_bridge.site.site import look_of
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.requests.late_forms import after_sign_in

SEE_OTHER = 303


@require_http_methods(["GET", "POST"])
@organization_page
def authorize(request: HttpRequest, organization: Organization) -> HttpResponse:
    """A portal's request: answered at the portal, or by a page here. A POST is the member's decision."""
    if not settings.SITE_URL:
        raise Http404("SITE_URL is not set: members cannot sign in.")
    if request.method == "GET" and not is_canonical(request.get_host()):
        # The member's cookie belongs to the one name that the issuer has.
        return HttpResponseRedirect(settings.SITE_URL + address_line(request))
    try:
        return _answer(request, organization)
    except RequestRefused as refused:
        return _refusal(request, organization, refused)
    except AnswerPortal as answer:
        return _to_portal(answer.address)


def _answer(request: HttpRequest, organization: Organization) -> HttpResponse:
    now = timezone.now()
    asked = read_request(request, organization, now=now)
    session = session_of(request, organization)
    if session is None:
        if "none" in asked.prompts:
            raise asked.error("login_required")
        query = urlencode({"next": _after_sign_in(request)})
        response = HttpResponseRedirect(f"{reverse('member_entrance', args=[organization.slug])}?{query}")
        return after_sign_in(response) if request.method == "POST" else response
    if links.platform_user_of(session.link) is None:
        if "none" in asked.prompts:
            raise asked.error("access_denied", "The member's user was closed.")
        return problem_page(request, organization, SignInFailed(Problem.CLOSED, who=str(session.link)))
    if not session_is_fresh(asked, session, now=now):
        if "none" in asked.prompts:
            raise asked.error("login_required")
        return _sign_in_again(request, asked, session)
    if request.method == "POST":
        return _decided(request, asked, session)
    consent = remembered_consent(asked, session)
    if consent is not None:
        return _to_portal(give_code(asked, session, consent, now=now))
    if "none" in asked.prompts:
        raise asked.error("consent_required")
    return _ask(request, asked, session)


def _decided(request: HttpRequest, asked: SignInRequest, session: MemberSession) -> HttpResponse:
    if request.POST.get("decision") != "allow":
        raise asked.error("access_denied", "The member did not allow it.")
    now = timezone.now()
    request_id = getattr(request, "request_id", "")
    consent = consents.allow(
        link=session.link, portal=asked.portal, scopes=asked.scopes, now=now, request_id=request_id
    )
    return _to_portal(give_code(asked, session, consent, now=now))


def _ask(request: HttpRequest, asked: SignInRequest, session: MemberSession) -> HttpResponse:
    """The consent page. Its form may lead on to the portal, and nowhere else but here."""
    look = look_of(asked.organization)
    origin = _origin(asked.redirect_uri)
    context = {
        **_page(asked),
        "link": session.link,
        "host": urlsplit(asked.redirect_uri).netloc,
        "learns": words_of(asked.scopes, look.name),
        "somebody_else": _with_prompt(request, add="login"),
    }
    response = render(request, "portal/consent.html", context)
    response._csp_update = {"form-action": [SELF, origin]}  # type: ignore[attr-defined]  # as csp_update does
    return response


def _sign_in_again(request: HttpRequest, asked: SignInRequest, session: MemberSession) -> HttpResponse:
    start = reverse("member_sign_in", args=[asked.organization.slug, session.link.environment])
    query = urlencode({"next": _after_sign_in(request)})
    return render(request, "portal/sign_in_again.html", {**_page(asked), "start": f"{start}?{query}"})


def _refusal(request: HttpRequest, organization: Organization, refused: RequestRefused) -> HttpResponse:
    context = {"organization": organization, "look": look_of(organization), "refused": refused}
    response = render(request, "portal/refused.html", context, status=400)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark: no error of ours
    return response


def _page(asked: SignInRequest) -> dict[str, object]:
    return {"organization": asked.organization, "look": look_of(asked.organization), "portal": asked.portal}


def _after_sign_in(request: HttpRequest) -> str:
    """The request as it goes on after a sign-in, which is what prompt=login and max_age asked for."""
    return _with_prompt(request, remove="login", drop="max_age")


def _with_prompt(request: HttpRequest, *, add: str = "", remove: str = "", drop: str = "") -> str:
    fields = request.GET.copy()
    fields.pop(drop, None)
    words = [word for word in fields.get("prompt", "").split() if word not in (add, remove)] + [add] * bool(add)
    fields.pop("prompt", None)
    if words:
        fields["prompt"] = " ".join(words)
    return f"{request.path}?{fields.urlencode()}"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _to_portal(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = SEE_OTHER
    return response

"""The addresses that portals' servers call: token, revocation, introspection, userinfo, discovery, keys."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from oauth_bridge.portals import keys, tokens
from oauth_bridge.portals.server import Provider, discovery_document, issuer_of
from oauth_bridge.site.page_scope import organization_page
from vendor_admin.organizations.models import Organization

View = Callable[..., HttpResponse]


def _endpoint(view: View) -> View:
    """An address for programs: in the organization's scope, without cookies."""

    @wraps(view)
    def endpoint(request: HttpRequest, organization: Organization) -> HttpResponse:
        if not settings.SITE_URL:
            raise Http404("SITE_URL is not set.")
        fault = _fault_of(request)
        response = _refused("invalid_request", 400, said=fault) if fault else view(request, organization)
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark: a refusal is no error
        return response

    return csrf_exempt(organization_page(endpoint))


@sensitive_post_parameters()
@_endpoint
@require_POST
def token(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Exchange a code, renew with a refresh token, or give a program its token (RFC 6749)."""
    _, headers, body, status = Provider(organization, now=timezone.now()).create_token_response(request)
    return _answer(headers, body, status)


@sensitive_post_parameters()
@_endpoint
@require_POST
def revoke(request: HttpRequest, organization: Organization) -> HttpResponse:
    """A portal gives a token back (RFC 7009)."""
    _, headers, body, status = Provider(organization, now=timezone.now()).create_revocation_response(request)
    return _answer(headers, body or "{}", status)


@sensitive_post_parameters()
@_endpoint
@require_POST
def introspect(request: HttpRequest, organization: Organization) -> HttpResponse:
    """What a portal's own token is worth (RFC 7662); about anybody else's it learns nothing."""
    now = timezone.now()
    portal = Provider(organization, now=now).portal_of(request)
    if portal is None:
        return _refused("invalid_client", 401)
    found = tokens.find_access_token(request.POST.get("token", ""), now=now)
    if found is None or found.portal_id != portal.pk:
        return JsonResponse({"active": False})
    answer: dict[str, Any] = {
        "active": True,
        "iss": issuer_of(organization),
        "client_id": portal.client_id,
        "scope": " ".join(found.scopes),
        "token_type": "Bearer",
        "iat": int(found.made_at.timestamp()),
        "exp": int(found.expires_at.timestamp()),
        "sub": found.consent.link.subject if found.consent else portal.client_id,
    }
    return JsonResponse(answer)


@_endpoint
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest, organization: Organization) -> HttpResponse:
    """What the member behind an access token allowed the portal to learn."""
    _, headers, body, status = Provider(organization, now=timezone.now()).create_userinfo_response(request)
    return _answer(headers, body, status)


@_endpoint
@require_safe
def discovery(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Where everything is (OpenID Connect Discovery, RFC 8414)."""
    return JsonResponse(discovery_document(organization))


@_endpoint
@require_safe
def jwks(request: HttpRequest, organization: Organization) -> HttpResponse:
    """The public keys of ID tokens: the one that signs, and those that signed lately."""
    return JsonResponse(keys.published_keys(now=timezone.now()))


def _fault_of(request: HttpRequest) -> str:
    """Why a form is not one that a portal may send (RFC 6749, 2.3 and 3.2); empty for any other."""
    doubled = sorted(name for name, values in request.POST.lists() if len(values) > 1)
    if doubled:
        return f"{doubled[0][:40]} is given twice."
    is_basic = request.headers.get("Authorization", "").partition(" ")[0].lower() == "basic"
    return "The secret is given in two ways." if is_basic and "client_secret" in request.POST else ""


def _refused(error: str, status: int, *, said: str = "") -> HttpResponse:
    response = JsonResponse({"error": error} | ({"error_description": said} if said else {}), status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="portals"'
    return response


def _answer(headers: dict[str, str], body: str, status: int) -> HttpResponse:
    content_type = headers.pop("Content-Type", "application/json")
    response = HttpResponse(body, status=status, content_type=content_type)
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Cache-Control"] = "no-store"
    return response

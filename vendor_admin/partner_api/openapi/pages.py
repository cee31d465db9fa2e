"""The reference of the partner API for people: Swagger UI, Redoc, and the schema. Everything comes from this site."""

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from vendor_admin.partner_api.openapi.generation import schema_text

# Both set styles of elements, and Redoc looks for words in a worker of its own; nothing is loaded from elsewhere.
_POLICY = {
    "default-src": [NONE],
    "script-src": [SELF],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "font-src": [SELF, "data:"],
    "connect-src": [SELF],
    "worker-src": ["blob:"],
    "frame-ancestors": [NONE],
    "form-action": [NONE],
    "base-uri": [NONE],
}


@require_safe
@login_not_required
@csp_replace(_POLICY)
def swagger(request: HttpRequest) -> HttpResponse:
    """The reference, in which calls can be tried with a key."""
    return render(request, "api_docs/swagger.html")


@require_safe
@login_not_required
@csp_replace(_POLICY)
def redoc(request: HttpRequest) -> HttpResponse:
    """The reference, to read."""
    return render(request, "api_docs/redoc.html")


@require_safe
@login_not_required
@csp_replace(_POLICY)
def schema_json(request: HttpRequest) -> HttpResponse:
    """The schema (OpenAPI 3.1)."""
    return HttpResponse(schema_text(), content_type="application/vnd.oai.openapi+json")

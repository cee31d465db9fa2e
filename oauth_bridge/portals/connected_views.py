"""A member ends what they allowed a portal. The list stands on their page of sign-ins (member_pages/views.py)."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from oauth_bridge.members import consents
from oauth_bridge.models import MemberLink
from oauth_bridge.site.page_scope import member_page


@require_POST
@member_page
def end(request: HttpRequest, link: MemberLink, consent_id: int) -> HttpResponse:
    """End one of the member's own consents."""
    consent = consents.consents_of(link).filter(pk=consent_id).first()
    if consent is None:
        raise Http404("You are connected with no such portal.")
    consents.end(
        consent=consent,
        actor=link.actor,
        now=timezone.now(),
        request_id=getattr(request, "request_id", ""),
    )
    messages.success(request, f"{consent.portal} receives nothing more about you from here.")
    return HttpResponseRedirect(reverse("member_sign_ins", args=[link.organization.slug]))

"""Pages that end sessions: all of one's own, and those of somebody on the staff (owners) or of anybody (operators)."""

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from vendor_admin.listing.admin_base import actor_of, colleague_of, is_operator
from vendor_admin.organizations.models import User
from vendor_admin.organizations.pages.user_forms import EndSessionsForm
from vendor_admin.organizations.requests.fresh_code import require_fresh_code
from vendor_admin.organizations.sign_in import sign_out
from vendor_admin.organizations.staff.verbs import concerns_others

EVERYWHERE_INTRO = (
    "Ends every session of yours, in this browser and in all others. Do it when you left a browser signed in "
    "somewhere. You sign in again afterwards; nothing else changes."
)


def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End all of one's own sessions, this one too."""
    if not isinstance(request.user, User) or not request.user.is_staff:
        raise PermissionDenied
    if request.method == "POST":
        sign_out.sign_out_everywhere(person=request.user, request_id=actor_of(request)["request_id"])
        logout(request)
        return HttpResponseRedirect(reverse("account_login"))
    context = {
        **admin.site.each_context(request),
        "title": "Sign out everywhere",
        "intro": EVERYWHERE_INTRO,
        "form": forms.Form(),
        "button": "Sign out everywhere",
    }
    return TemplateResponse(request, "admin/form.html", context)


def end_sessions_of_staff(request: HttpRequest, role_id: int) -> HttpResponse:
    """End all sessions of somebody who works for the organization, with a reason."""
    row = colleague_of(request, role_id)
    crumbs = [
        ("Staff", reverse("admin:organizations_staffrole_changelist")),
        (f"Role of {row.user}", reverse("admin:organizations_staffrole_change", args=[row.pk])),
    ]
    if concerns_others(staff_role=row, actor=actor_of(request)["actor"]):
        messages.error(request, f"The sessions of {row.user} are ended by an operator of this installation.")
        return HttpResponseRedirect(crumbs[-1][1])
    return _page(request, row.user, crumbs=crumbs)


def end_sessions_of_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """End all sessions of any user, as an operator."""
    if not is_operator(request):
        raise PermissionDenied
    require_fresh_code(request)
    person = User.objects.filter(pk=user_id).exclude(kind=User.Kind.MEMBER).first()
    if person is None:
        raise Http404
    crumbs = [
        ("Users", reverse("admin:organizations_user_changelist")),
        (person.get_username(), reverse("admin:organizations_user_change", args=[person.pk])),
    ]
    return _page(request, person, crumbs=crumbs)


def _page(request: HttpRequest, person: User, *, crumbs: list[tuple[str, str]]) -> HttpResponse:
    form = EndSessionsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        sign_out.end_sessions_of(person=person, reason=form.cleaned_data["reason"], **actor_of(request))
        messages.success(request, f"{person} is signed out everywhere.")
        return HttpResponseRedirect(crumbs[-1][1])
    context = {
        **admin.site.each_context(request),
        "title": f"End all sessions of {person}",
        "crumbs": crumbs,
        "intro": "They are signed out in every browser and sign in again with password and code. Their role stays.",
        "form": form,
        "button": "End the sessions",
    }
    return TemplateResponse(request, "admin/form.html", context)

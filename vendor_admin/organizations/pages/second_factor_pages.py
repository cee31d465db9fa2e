"""The pages of one's own second factor (set up, recovery codes), and an owner's page that resets somebody's."""

from datetime import timedelta

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from vendor_admin.errors import Conflict, InvalidFields, Refused
from vendor_admin.listing.admin_base import actor_of, colleague_of
from vendor_admin.organizations.models import User
from vendor_admin.organizations.pages.forms import PasswordForm
from vendor_admin.organizations.requests.fresh_code import require_fresh_code
from vendor_admin.organizations.sign_in import second_factor

# A session that was left open after its password must not become somebody else's way in.
TIME_TO_SET_UP = timedelta(minutes=30)


class ResetForm(forms.Form):
    """Why somebody's second factor is reset."""

    reason = forms.CharField(
        max_length=500, help_text="E.g. phone lost, called back. The person reads it; it is written to the audit."
    )


def overview(request: HttpRequest) -> HttpResponse:
    """What one has, and the ways to renew it."""
    user = _person(request)
    context = {
        **admin.site.each_context(request),
        "title": "Second factor",
        "is_set_up": second_factor.has_second_factor(user),
        "left": second_factor.unused_recovery_codes(user),
    }
    return TemplateResponse(request, "admin/second_factor.html", context)


def set_up(request: HttpRequest) -> HttpResponse:
    """Show the secret, and take the first code of the app; then show the recovery codes, once.

    Who has one already and shows it in this session gives the password and a fresh code, and sets up another.
    """
    user = _person(request)
    is_replacing = second_factor.has_second_factor(user)
    if _must_sign_in_again(request, user, is_replacing=is_replacing):
        logout(request)
        return HttpResponseRedirect(reverse("account_login"))
    password = PasswordForm(request.POST or None, request=request) if is_replacing else None
    if is_replacing:
        require_fresh_code(request)
    problem = ""
    if request.method == "POST" and (password is None or password.is_valid()):
        try:
            code = request.POST.get("code", "")[:20]
            codes = second_factor.set_up(request=request, user=user, code=code, now=timezone.now())
            return _codes_page(request, codes, title="Your second factor is set up")
        except (Conflict, InvalidFields) as refused:
            problem = refused.text
    secret = second_factor.pending_secret(request=request)
    address = second_factor.address_of(user=user, secret=secret)
    context = {
        **admin.site.each_context(request),
        "title": "Set up your second factor",
        "notice": second_factor.notice_of(user),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "address": address,
        "picture": second_factor.qr_code(address),
        "problem": problem,
        "password": password,
        "next": _next(request),
        "has_passed": second_factor.has_passed(request),
    }
    response = TemplateResponse(request, "admin/set_up_second_factor.html", context)
    add_never_cache_headers(response)
    return response


def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, after the password and a fresh code."""
    user = _person(request)
    if not second_factor.has_second_factor(user):
        return HttpResponseRedirect(reverse("second_factor_set_up"))
    require_fresh_code(request)
    form = PasswordForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        codes = second_factor.renew_recovery_codes(request=request, user=user)
        return _codes_page(request, codes, title="Your new recovery codes")
    context = {
        **admin.site.each_context(request),
        "title": "New recovery codes",
        "crumbs": [("Second factor", reverse("second_factor"))],
        "intro": "Ten new codes are made. The ones that you have now no longer work then.",
        "form": form,
        "button": "Make new codes",
    }
    return TemplateResponse(request, "admin/form.html", context)


def reset(request: HttpRequest, role_id: int) -> HttpResponse:
    """Reset the second factor of somebody on the staff, with a reason."""
    row = colleague_of(request, role_id)
    back = reverse("admin:organizations_staffrole_change", args=[row.pk])
    try:
        second_factor.refuse_reset(staff_role=row, actor=actor_of(request)["actor"])
    except Refused as refused:
        messages.error(request, refused.text)
        return HttpResponseRedirect(back)
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        second_factor.reset(person=row.user, reason=form.cleaned_data["reason"], **actor_of(request))
        messages.success(request, f"{row.user} sets up a new second factor at the next sign-in.")
        return HttpResponseRedirect(reverse("admin:organizations_staffrole_changelist"))
    context = {
        **admin.site.each_context(request),
        "title": f"Reset the second factor of {row.user}",
        "crumbs": [("Staff", reverse("admin:organizations_staffrole_changelist")), (f"Role of {row.user}", back)],
        "intro": "For somebody who lost both device and recovery codes. Make sure that it is really this person who "
        "asks: until the new second factor is set up, the password alone lets in. All of their sessions end.",
        "form": form,
        "button": "Reset it",
    }
    return TemplateResponse(request, "admin/form.html", context)


def _person(request: HttpRequest) -> User:
    if not isinstance(request.user, User) or not request.user.is_staff:
        raise PermissionDenied
    return request.user


def _must_sign_in_again(request: HttpRequest, user: User, *, is_replacing: bool) -> bool:
    if second_factor.has_passed(request):
        return False
    is_old = user.last_login is None or timezone.now() - user.last_login > TIME_TO_SET_UP
    return is_old or is_replacing


def _codes_page(request: HttpRequest, codes: list[str], *, title: str) -> HttpResponse:
    """The codes, this once; never cached."""
    context = {
        **admin.site.each_context(request),
        "title": title,
        "codes": [f"{code[:4]} {code[4:]}" for code in codes],
        "made_at": timezone.now(),
        "next": _next(request) or reverse("admin:index"),
    }
    response = TemplateResponse(request, "admin/recovery_codes.html", context)
    add_never_cache_headers(response)
    return response


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, if it is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else ""

"""Asks for a code again before a change of access: keys, roles, thresholds, hosts, members' credentials.

The code of the sign-in counts for five minutes. After that such a form is held, its sender shows another code (in the
demo the password), and the form acts as it was sent. `pages.require` asks wherever it is called for a right of the
list below; pages of the installation, which know no rights, call `require_fresh_code` themselves.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from vendor_admin.errors import Refused
from vendor_admin.organizations.models import User
from vendor_admin.organizations.requests.form_organization import FIELD as ORGANIZATION_FIELD
from vendor_admin.organizations.requests.form_organization import READS
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.sign_in import second_factor
from vendor_admin.organizations.sign_in.codes import check_code

LASTS = timedelta(minutes=5)
FIELD = "fresh_code"
ASKED_FOR = frozenset(
    {
        Right.MANAGE_CONNECTIONS,
        Right.MANAGE_STAFF,
        Right.CHANGE_CREDENTIALS,
        Right.MANAGE_NOTICES,
        Right.MANAGE_MEMBER_SIGN_IN,
        Right.MANAGE_PORTALS,
        Right.MANAGE_API_KEYS,
        Right.MANAGE_WEBHOOKS,
    }
)
NOT_CARRIED = {"csrfmiddlewaretoken", ORGANIZATION_FIELD, FIELD}


class FreshCodeNeeded(Refused):
    """The session's last code is too old for this change."""


class FreshCodeForm(forms.Form):
    """A code, or the password of those in the demo who sign in without one."""

    fresh_code = forms.CharField(
        label="Code",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
        help_text="The six digits that your app shows now, or a recovery code.",
    )

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request
        self._has_factor = isinstance(request.user, User) and second_factor.has_second_factor(request.user)
        if not self._has_factor:
            self.fields[FIELD] = forms.CharField(
                label="Your password, once more",
                widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
                help_text="In this demo you have no second factor.",
            )

    def clean_fresh_code(self) -> str:
        """Refusals are counted: of codes by codes.py, of passwords by django-axes."""
        user, given = self._request.user, str(self.cleaned_data[FIELD])
        if not isinstance(user, User):
            raise forms.ValidationError("Sign in first.")
        if not self._has_factor:
            if authenticate(self._request, username=user.get_username(), password=given) != user:
                raise forms.ValidationError("This is not your password.")
            return given
        checked = check_code(user=user, code=given, now=timezone.now())
        if checked.authenticator is None:
            raise forms.ValidationError(checked.problem)
        return given


def require_fresh_code(request: HttpRequest) -> None:
    """Raise FreshCodeNeeded where a request changes something and the session showed no code lately."""
    if request.method in READS:
        return
    shown = request.session.get(second_factor.SHOWN_AT)
    if shown is None or timezone.now().timestamp() - shown > LASTS.total_seconds():
        raise FreshCodeNeeded


class FreshCodeMiddleware:
    """Answers what needs a fresh code by a page that asks for one, and lets the form go on once it was shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: Any) -> HttpResponse | None:
        """Check a code that was sent along with a form."""
        is_staff = isinstance(request.user, User) and request.user.is_staff
        if request.method in READS or not is_staff or FIELD not in request.POST:
            return None
        form = FreshCodeForm(request.POST, request=request)
        if not form.is_valid():
            return _page(request, form)
        second_factor.note_code_shown(request=request)
        if "has_files" not in request.POST:
            return None
        messages.info(
            request, "Confirmed, and nothing is changed yet: fill in the form, choose the file again and send it."
        )
        return HttpResponseRedirect(request.get_full_path())

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Ask for a code in place of the view."""
        return _page(request, FreshCodeForm(request=request)) if isinstance(exception, FreshCodeNeeded) else None


def _page(request: HttpRequest, form: FreshCodeForm) -> HttpResponse:
    """The form that was held, as hidden fields, and one field more. Nothing was changed: 403."""
    context = {
        **admin.site.each_context(request),
        "title": "Confirm that it is you",
        "form": form,
        "held": [(name, value) for name, values in request.POST.lists() if name not in NOT_CARRIED for value in values],
        "has_files": bool(request.FILES),
    }
    response = TemplateResponse(request, "admin/fresh_code.html", context, status=403)
    add_never_cache_headers(response)
    return response.render()

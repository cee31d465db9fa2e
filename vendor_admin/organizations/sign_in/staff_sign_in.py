"""Staff sign in through django-allauth: a user name or e-mail and a password, then a code.

Wrong passwords are counted under the user's own name, however it was typed (guesses.py); codes in codes.py.
allauth's own limits stay off (ACCOUNT_RATE_LIMITS): they live in a cache that several web processes do not share.
"""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
from allauth.account.internal.stagekit import pop_login
from allauth.account.views import LoginView
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.decorators import login_not_required
from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme

from vendor_admin.organizations import encryption
from vendor_admin.organizations.sign_in import guesses, second_factor
from vendor_admin.organizations.sign_in.client_address import caller_network
from vendor_admin.organizations.sign_in.codes import check_code
from vendor_admin.organizations.staff import email_addresses
from vendor_admin.organizations.turns import NoTurn

FIRST_STEP = "sign_in_first_step"
CHANGED_MEANWHILE = "Your password or your sessions were changed meanwhile. Give the password again first."
NO_MATCH = (
    "That name and password do not match a staff user. Both are case-sensitive. An e-mail address counts once you have "
    "confirmed it. "
    "After ten failures the sign-in is closed for a quarter of an hour."
)
BUSY = "Many people sign in at this moment. Try again in a few seconds."


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up, no mail is sent, and nobody is led to another host."""

    error_messages = {**DefaultAccountAdapter.error_messages, "username_password_mismatch": NO_MATCH}

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **more: Any) -> HttpResponse | None:
        """Keep what the user's password and sessions were at the first step (CodeForm)."""
        request.session[FIRST_STEP] = user.get_session_auth_hash()
        answer: HttpResponse | None = super().pre_login(request, user, **more)
        return answer

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        user: AbstractBaseUser | None
        if guesses.is_closed(request, credentials):
            user = super().authenticate(request, **credentials)  # refuses, unchecked
            return user
        try:
            with guesses.sign_in_of(credentials["username"], network=caller_network(request)):
                user = super().authenticate(request, **credentials)
        except NoTurn:
            raise ValidationError(BUSY) from None
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send nothing."""

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """The pages speak for themselves."""

    def is_safe_url(self, url: str) -> bool:
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets are encrypted with CREDENTIAL_KEYS, and the only factor is never taken away."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt({"text": text})

    def decrypt(self, encrypted_text: str) -> str:
        return str(encryption.decrypt(encrypted_text)["text"])

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return False


class SignInForm(LoginForm):
    """The password step. Only staff get past it, and failures are told in the same words for everybody."""

    def add_prefix(self, field_name: str) -> str:
        """The field's name in the page, by which password managers know it."""
        return super().add_prefix("username" if field_name == "login" else field_name)

    def user_credentials(self) -> dict[str, str]:
        username = _username_of(self.cleaned_data["login"])
        return {"username": username, "password": self.cleaned_data["password"]}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        if self.user is not None and not self.user.is_staff:
            raise ValidationError(NO_MATCH)
        return cleaned


@method_decorator(login_not_required, name="dispatch")
class SignInView(LoginView):
    """`/admin/login/`."""

    template_name = "admin/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "GET" and request.user.is_authenticated and request.user.is_staff:
            return HttpResponseRedirect(self.get_success_url() or reverse("admin:index"))
        answer: HttpResponse = super().dispatch(request, *args, **kwargs)
        return answer

    def form_valid(self, form: SignInForm) -> HttpResponse:
        if SESSION_KEY in self.request.session:
            logout(self.request)  # a member, or staff without a second factor: this is somebody else's sign-in
        answer: HttpResponse = super().form_valid(form)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}


class CodeForm(AuthenticateForm):
    """The second step. Whether it is right is decided in codes.py."""

    def clean_code(self) -> str:
        first_step = context.request.session.get(FIRST_STEP, "")
        if not constant_time_compare(first_step, self.user.get_session_auth_hash()):
            pop_login(context.request)
            raise ValidationError(CHANGED_MEANWHILE)
        checked = check_code(user=self.user, code=self.cleaned_data["code"], now=timezone.now())
        if checked.authenticator is None:
            raise ValidationError(checked.problem)
        self.authenticator = checked.authenticator
        self.authenticator.user = self.user
        return str(self.cleaned_data["code"])

    def save(self) -> None:
        super().save()
        request = context.request
        second_factor.mark_as_passed(request=request, user=self.user)
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            left = second_factor.unused_recovery_codes(self.user)
            messages.warning(
                request,
                f"You signed in with a recovery code: {left} are left. Under your name, “Second factor” makes new "
                "ones, or sets up another device.",
            )


class CodeView(AuthenticateView):
    """`/admin/login/code/`, for those whose password was right."""

    template_name = "admin/sign_in_code.html"

    def form_valid(self, form: CodeForm) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        guesses.remember_browser(answer, user=self.stage.login.user)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person: AbstractBaseUser = self.stage.login.user
        found = {**admin.site.each_context(self.request), **super().get_context_data(**kwargs)}
        shows_hint = settings.DEBUG and settings.DEMO_SIGN_IN_WITHOUT_CODE and getattr(person, "is_simulated", False)
        return {**found, "person": person, "shows_demo_hint": shows_hint}


sign_in = SignInView.as_view()
enter_code = CodeView.as_view()


def _username_of(typed: str) -> str:
    """The user name that is meant. A confirmed e-mail address comes first: nobody else's name stands in its way."""
    found = email_addresses.user_of(typed) if "@" in typed else None
    return found.get_username() if found else typed

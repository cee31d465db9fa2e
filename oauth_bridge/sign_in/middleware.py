"""Puts the open session of a signed-in member on the request, and ends what is no longer one."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from oauth_bridge.members import member_sessions
from oauth_bridge.models import MemberSession
from vendor_admin.organizations.models import User


class MemberSessionMiddleware:
    """Sets `request.member_session` (None for everybody but members). A member without an open session is nobody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found: MemberSession | None = None
        if settings.SESSION_COOKIE_NAME in request.COOKIES and getattr(request.user, "kind", "") == User.Kind.MEMBER:
            found = member_sessions.current(request=request, now=timezone.now())
            if found is None:
                logout(request)
        request.member_session = found  # type: ignore[attr-defined]
        return self.get_response(request)

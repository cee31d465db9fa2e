"""Ends the session of staff who have not used it for half an hour. What pages ask for by themselves is no use."""

from collections.abc import Callable
from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from vendor_admin.organizations.requests.middleware import PATHS_WITHOUT_SCOPE
from vendor_admin.organizations.sign_in.session_store import BEGAN_AT

log = structlog.get_logger()

USED_AT = "used_at"
BY_ITSELF, YES = "by_itself", "1"
ENDS_AFTER = timedelta(minutes=30)
# Not each request writes the session.
NOTED_EVERY = timedelta(minutes=1)


class IdleSessionMiddleware:
    """Signs such a request's user out. Must stand after the middleware that sets the user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and not request.path_info.startswith(PATHS_WITHOUT_SCOPE):
            _end_or_note(request)
        return self.get_response(request)


def note_use(request: HttpRequest) -> None:
    """Count the half hour from now."""
    request.session[USED_AT] = timezone.now().timestamp()


def is_poll(request: HttpRequest) -> bool:
    """Whether a page asks by itself, and no person: by its script (assets/admin.js) or, where scripts are off, by its
    own address (the tag `renews_itself`)."""
    if request.method != "GET":
        return False
    return request.headers.get("X-Requested-With") == "fetch" or request.GET.get(BY_ITSELF) == YES


def _end_or_note(request: HttpRequest) -> None:
    if not (request.user.is_authenticated and request.user.is_staff):
        return
    used = request.session.get(USED_AT, request.session.get(BEGAN_AT))
    unused = timedelta(seconds=timezone.now().timestamp() - used) if used is not None else None
    if unused is None or (NOTED_EVERY <= unused <= ENDS_AFTER and not is_poll(request)):
        note_use(request)
    elif unused > ENDS_AFTER:
        log.info("session_idle", user=request.user.get_username(), minutes=int(unused.total_seconds() // 60))
        logout(request)

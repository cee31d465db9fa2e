"""How often passwords may be guessed: failures are counted by name, by network and by both, before any hash is made.

django-axes keeps the failures and shows the page. A try that was refused unchecked is not counted.

A stranger can fill the count of a name, and somebody in the same house that of a network. So neither of the two stops a
browser in which that user has signed in before (`remember_browser`); the count of both together stops everybody.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from axes.attempts import get_cool_off_threshold
from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse

from vendor_admin.organizations import web_turns
from vendor_admin.organizations.models import User

# Failures within AXES_COOLOFF_TIME; AXES_FAILURE_LIMIT is that of a name and a network together.
OF_NETWORK, OF_NAME = 30, 50
COOKIE = "known_browser"
REMEMBERED_FOR = timedelta(days=180)
# Sign-ins at once in a process. A check of a password takes a third of a second of a core.
SIGN_INS_AT_ONCE = 3
# Of those, from one network: its tries wait for each other, and would keep all others waiting.
OF_A_NETWORK_AT_ONCE = 2


class GuessHandler(AxesDatabaseHandler):
    """What django-axes asks before each check of a password, and after each failure."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Failures at this name from this network; as many as close the sign-in if one of the wider counts is full."""
        name = get_client_username(request, credentials) or ""
        network = request.axes_ip_address  # type: ignore[attr-defined]
        of_name, of_network = Q(username=name), Q(ip_address=network)
        recent = AccessAttempt.objects.filter(attempt_time__gte=get_cool_off_threshold(request))
        counts = recent.filter(of_name | of_network).aggregate(
            both=Sum("failures_since_start", filter=of_name & of_network, default=0),
            network=Sum("failures_since_start", filter=of_network, default=0),
            name=Sum("failures_since_start", filter=of_name, default=0),
        )
        is_full = counts["network"] >= OF_NETWORK or counts["name"] >= OF_NAME
        if is_full and not _is_known_browser(request, name):
            return int(settings.AXES_FAILURE_LIMIT)
        return int(counts["both"])


def is_closed(request: HttpRequest, credentials: dict[str, Any]) -> bool:
    """Whether the counts are full already, so that the password is not checked and takes nobody's place."""
    return not AxesProxyHandler.is_allowed(request, credentials)


@contextmanager
def sign_in_of(name: str, *, network: str) -> Iterator[None]:
    """Around the check of a password at the sign-in: tries at one name, or from one network, follow each other until
    the request's transaction ends, so that many at once are no way around a count. Raises NoTurn.
    """
    with web_turns.hold("sign-in", most=SIGN_INS_AT_ONCE, cause=network, of_cause=OF_A_NETWORK_AT_ONCE):
        # Always in this order, so that no two wait for each other.
        with connection.cursor() as cursor:
            for key in (f"guesses from {network}", f"guesses at {name}"):
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [key])
        yield


def remember_browser(response: HttpResponse, *, user: User) -> None:
    """Note in the browser that this user has signed in with it: others' guesses do not keep it out."""
    response.set_signed_cookie(
        COOKIE,
        str(user.pk),
        salt=COOKIE,
        max_age=REMEMBERED_FOR,
        path="/admin/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _is_known_browser(request: HttpRequest, name: str) -> bool:
    """Whether this user is signed in here, and gives the password once more, or has signed in with this browser."""
    present = getattr(request, "user", None)
    if present is not None and present.is_authenticated and present.get_username() == name:
        return True
    user_id = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=REMEMBERED_FOR) or ""
    return bool(user_id) and User.objects.filter(pk=user_id, username=name).exists()

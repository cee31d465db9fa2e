"""Requests that are answered a second time, since their caller has waited: they count once and are logged once."""

from typing import Final

from django.http import HttpRequest

# A key of the WSGI environment, which no header can set.
CONTINUED_KEY: Final = "vendor_admin.continued"


def is_continued(request: HttpRequest) -> bool:
    """Whether this request was answered before, and its caller has waited since."""
    return bool(request.META.get(CONTINUED_KEY))

"""Where this installation is reached: what addresses in answers begin with."""

from django.conf import settings
from django.http import HttpRequest


def site_of(request: HttpRequest) -> str:
    """SITE_URL, or the origin that the request was sent to where there is none."""
    return settings.SITE_URL or f"{request.scheme}://{request.get_host()}"

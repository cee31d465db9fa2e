"""What `manage.py check` says about the address that members and portals reach this installation by."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core import checks


def register() -> None:
    """Add the checks to Django's. Called once, when the app is ready."""
    checks.register(site_url)


def site_url(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[checks.CheckMessage]:
    """SITE_URL is part of every address that the platform sends members back to, so it must be exact."""
    problem = problem_of_site_url(settings.SITE_URL, needs_https=not settings.DEBUG) if settings.SITE_URL else None
    if problem is None:
        return []
    hint = "Set SITE_URL to the address that people type, as in https://members.example.com."
    return [checks.Error(problem, hint=hint, id="oauth_bridge.E001")]


def problem_of_site_url(url: str, *, needs_https: bool) -> str | None:
    """A sentence about what is wrong with the installation's own address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "SITE_URL must begin with https:// and name a host."
    if parts.scheme == "http" and needs_https:
        return "SITE_URL must begin with https://: over http:// codes and sessions travel in the clear."
    if parts.path or parts.query or parts.fragment or parts.username or parts.password:
        return "SITE_URL must be a scheme and a host (and a port), with nothing after it, not even a slash."
    return None

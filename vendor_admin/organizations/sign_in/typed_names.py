"""Under which name a wrong password is counted. What was typed as a name may be a password in the wrong field."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from vendor_admin.organizations.models import User

FIELD = "username"


def counted_name(request: HttpRequest, credentials: Mapping[str, Any] | None) -> str | None:
    """The name of a user as it is; of anything else that was typed a digest, which only counts."""
    typed: str | None = (credentials or request.POST).get(FIELD)
    if not typed or User.objects.filter(username=typed).exists():
        return typed
    return f"unknown {salted_hmac(__name__, typed, algorithm='sha256').hexdigest()[:32]}"

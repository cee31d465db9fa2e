"""What is wrong with a password before it is sent. Texts never repeat it."""

from functools import cache

from django.contrib.auth.password_validation import CommonPasswordValidator

from vendor_admin.tradovate.catalogue.fields import Password
from vendor_admin.tradovate.catalogue.request import Request, field_faults

COMMON = "must not be one of the commonest passwords: the platform refuses known-leaked passwords"
GONE = "is not stored any more: it was wiped with its plan, or its key was lost. Give it again"
NAMED = "must not be the member's name or e-mail address"


class _NewPassword(Request, frozen=True, kw_only=True):
    password: Password


def password_fault(password: object, *, name: str = "", email: str = "") -> str:
    """Say what is wrong with a password of a member; empty if nothing is known to be. None is one that was wiped."""
    if password is None:
        return GONE
    for fault in field_faults(_NewPassword, {"password": password}):
        return fault.text
    lowered = str(password).casefold()
    if lowered in _common_passwords():
        return COMMON
    own = {name.casefold(), email.casefold(), email.casefold().partition("@")[0]} - {""}
    return NAMED if lowered in own else ""


@cache
def _common_passwords() -> set[str]:
    passwords: set[str] = CommonPasswordValidator().passwords
    return passwords

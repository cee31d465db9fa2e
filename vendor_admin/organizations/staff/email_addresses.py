"""E-mail addresses of staff: one signs in only once its person has opened a link that was mailed there.

Whoever adds a person types the address, so by itself it proves nothing: it may be anybody's. `User.verified_email` is
the address that was proven, in small letters; no two users have the same one. When a user's address is changed, what
was proven of the one before counts no more.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.urls import reverse

from vendor_admin.errors import Refused
from vendor_admin.organizations.models import User

log = structlog.get_logger()

SALT = "e-mail address of a user"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Whose address it is, and the key of `staff.Invitation`, with which they choose their first password ("": they
    have one)."""

    user: User
    password_key: str


def can_send() -> bool:
    """Whether this installation can send mail at all."""
    return bool(settings.EMAIL_URL)


def is_verified(user: User) -> bool:
    """Whether the user's address has been proven to be theirs."""
    return bool(user.email) and user.verified_email == _fold(user.email)


def was_proven(user: User, *, address: str) -> bool:
    """Whether it is another address than the user's, and the one that was proven to be theirs."""
    return bool(address) and user.verified_email == _fold(address) != _fold(user.email)


def user_of(address: str) -> User | None:
    """The staff user whose proven address this is."""
    address = _fold(address)
    return User.objects.filter(is_staff=True, verified_email=address, email__iexact=address).first()


def send_link(*, user: User, site: str) -> None:
    """Mail the link that proves the user's address; `site` is where the pages are, as https://admin.example.com.

    Who has no password yet chooses one behind the link.
    """
    password_key = "" if user.has_usable_password() else default_token_generator.make_token(user)
    key = signing.dumps({"user": user.pk, "email": _fold(user.email), "password_key": password_key}, salt=SALT)
    hours = int(_lifetime().total_seconds() // 3600)
    text = (
        f"Is this e-mail address yours? Then open this link within {hours} hours, and sign in with the address from "
        f"then on:\n\n{site}{reverse('confirm_email', args=[key])}\n\n"
        f"It is for the user {user.get_username()} of Vendor Admin. If you know of none, leave this mail alone."
    )
    send_mail("Vendor Admin: your e-mail address", text, None, [user.email])
    log.info("email_link_sent", user=user.get_username())


def confirm(*, key: str) -> Confirmed:
    """Take an address as proven. Raises Refused."""
    try:
        given = signing.loads(key, salt=SALT, max_age=_lifetime())
    except signing.BadSignature:
        raise Refused("It is too old, or not whole.") from None
    with transaction.atomic():
        user = User.objects.select_for_update().filter(pk=given["user"], is_staff=True, is_active=True).first()
        if user is None or _fold(user.email) != given["email"]:
            raise Refused("The user has another e-mail address now.")
        User.objects.filter(verified_email=given["email"]).exclude(email__iexact=given["email"]).update(
            verified_email=None
        )
        try:
            with transaction.atomic():
                User.objects.filter(pk=user.pk).update(verified_email=given["email"])
        except IntegrityError:
            raise Refused("Another user signs in with this address already.") from None
    log.info("email_confirmed", user=user.get_username())
    return Confirmed(user=user, password_key="" if user.has_usable_password() else given["password_key"])


def _lifetime() -> timedelta:
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)


def _fold(address: str) -> str:
    return address.strip().lower()

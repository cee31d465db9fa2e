"""The second factor of staff: setting it up, its recovery codes, its reset by somebody else, and the session's mark.

Every verb that changes it ends the person's other sessions. Nobody can take away their own: it is only replaced, or
reset by an owner, an operator or `manage.py reset_second_factor`, and then the next sign-in sets up a new one.
"""

from datetime import datetime
from urllib.parse import quote, urlencode

import qrcode
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.mfa.utils import decrypt, encrypt
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from qrcode.image.svg import SvgPathImage

from vendor_admin.errors import Conflict, Fault, InvalidFields, Refused
from vendor_admin.organizations import audit, demo_sign_in
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import StaffRole, User
from vendor_admin.organizations.sign_in import sign_out
from vendor_admin.organizations.sign_in.codes import locked_memory, matching_step
from vendor_admin.organizations.staff import personal_mails
from vendor_admin.organizations.staff.verbs import OPERATORS_ONLY, concerns_others

MARK = "second_factor_of"
SHOWN_AT = "code_shown_at"
PENDING = "second_factor_pending"
ISSUER = "Vendor Admin"


def has_second_factor(user: User) -> bool:
    """Whether the user has set up an authenticator app. One query."""
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def has_passed(request: HttpRequest) -> bool:
    """Whether this session showed a second factor, or belongs to a user of the demo who needs none."""
    user = request.user
    if not isinstance(user, User):
        return False
    return request.session.get(MARK) == user.pk or demo_sign_in.is_exempt(user)


def mark_as_passed(*, request: HttpRequest, user: User) -> None:
    """Note in the session that this user showed a second factor in it, just now."""
    request.session[MARK] = user.pk
    note_code_shown(request=request)


def note_code_shown(*, request: HttpRequest) -> None:
    """Note in the session that its user showed a code just now (see fresh_code.py)."""
    request.session[SHOWN_AT] = timezone.now().timestamp()


def new_secret() -> str:
    """160 random bits in the letters that authenticator apps take."""
    made: str = generate_totp_secret()
    return made


def pending_secret(*, request: HttpRequest) -> str:
    """The secret that this session is about to set up; made at the first call, kept encrypted."""
    if PENDING not in request.session:
        request.session[PENDING] = encrypt(new_secret())
    return decrypt(request.session[PENDING])


def address_of(*, user: User, secret: str) -> str:
    """What the QR code says to the app."""
    label = quote(f"{ISSUER}:{user.get_username()}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': ISSUER}, quote_via=quote)}"


def qr_code(address: str) -> SafeString:
    """The address as an SVG picture, to stand in the page itself."""
    return SafeString(qrcode.make(address, image_factory=SvgPathImage).to_string(encoding="unicode"))


def set_up(*, request: HttpRequest, user: User, code: str, now: datetime) -> list[str]:
    """Make the pending secret the user's second factor, in place of an earlier one; returns new recovery codes.

    This session goes on as one that passed; the user's others end. Raises InvalidFields for a wrong code, and Conflict.
    """
    secret = pending_secret(request=request)
    step = matching_step(secret=secret, code="".join(code.split()), now=now)
    if step is None:
        text = (
            "This is not the code that your app should show now. Scan the picture again, or compare the secret letter "
            "by letter. If it never fits, let your phone set its clock by itself."
        )
        raise InvalidFields([Fault("code", "wrong_code", text)])
    with transaction.atomic():
        memory = locked_memory(user)
        is_first = not has_second_factor(user)
        if not is_first and request.session.get(MARK) != user.pk:
            raise Conflict("A second factor was set up meanwhile. Sign in again with it.", code="set_up_meanwhile")
        codes = _made(user=user, secret=secret)
        memory.newest_step, memory.notice = max(step, memory.newest_step), ""
        memory.save(update_fields=["newest_step", "notice"])
        sign_out.end_sessions(user)
        _record(person=user, action="second factor set up" if is_first else "second factor replaced", request=request)
    request.session.pop(PENDING, None)
    mark_as_passed(request=request, user=user)
    update_session_auth_hash(request, user)
    return codes


def set_up_with(*, user: User, secret: str) -> None:
    """Give a user a known secret (for seed_demo)."""
    with transaction.atomic():
        locked_memory(user)
        _made(user=user, secret=secret)


def renew_recovery_codes(*, request: HttpRequest, user: User) -> list[str]:
    """Ten new recovery codes; the earlier ones end."""
    with transaction.atomic():
        locked_memory(user)
        Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
        codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
        _record(person=user, action="recovery codes renewed", request=request)
    return codes


def unused_recovery_codes(user: User) -> int:
    """How many recovery codes the user has left. One query."""
    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()
    return len(found.wrap().get_unused_codes()) if found else 0


def refuse_reset(*, staff_role: StaffRole, actor: Actor) -> None:
    """Raise Refused where this person may not reset that one's second factor.

    An owner must not weaken the sign-in of somebody who works for another organization, and nobody resets their own.
    """
    person = staff_role.user
    if Actor.staff(person.get_username()) == actor:
        raise Refused("Nobody resets their own second factor: ask another owner or an operator.", code="second_person")
    if concerns_others(staff_role=staff_role, actor=actor):
        raise Refused(
            f"The second factor of {person} is reset by an operator of this installation.", code=OPERATORS_ONLY
        )


def reset(*, person: User, actor: Actor, reason: str, request_id: str = "") -> bool:
    """Take a lost second factor away and end all sessions: the next sign-in sets up a new one and tells the person.

    Returns whether there was one. Written to the audit of every organization that the person works for.
    """
    with transaction.atomic():
        memory = locked_memory(person)
        had_one = Authenticator.objects.filter(user=person).delete()[0] > 0
        memory.wrong_codes, memory.closed_until = 0, None
        memory.notice = f"Your second factor was reset by {actor}" + (f": {reason}" if reason else ".")
        memory.save(update_fields=["wrong_codes", "closed_until", "notice"])
        sign_out.end_sessions(person)
        audit.record_access(
            person=person, actor=actor, action="second factor reset", reason=reason, request_id=request_id
        )
        personal_mails.tell_soon(person=person, what="second factor reset", actor=actor, reason=reason)
    return had_one


def notice_of(user: User) -> str:
    """What the person must be told at the sign-in, or nothing."""
    return locked_memory(user).notice


def rotate_secrets() -> tuple[int, int]:
    """Encrypt all secrets with the newest key; returns how many, and how many none of the keys opens."""
    done = lost = 0
    for key in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            found = Authenticator.objects.select_for_update().filter(pk=key).first()
            name = next((name for name in ("secret", "seed") if found is not None and name in found.data), None)
            if found is None or name is None:
                continue
            try:
                found.data[name] = encrypt(decrypt(found.data[name]))
            except UndecryptableError:
                lost += 1
                continue
            found.save(update_fields=["data"])
            done += 1
    return done, lost


def _made(*, user: User, secret: str) -> list[str]:
    Authenticator.objects.filter(user=user).delete()
    TOTP.activate(user, secret)
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes


def _record(*, person: User, action: str, request: HttpRequest) -> None:
    request_id = getattr(request, "request_id", "")
    audit.record_access(person=person, actor=Actor.staff(person.get_username()), action=action, request_id=request_id)

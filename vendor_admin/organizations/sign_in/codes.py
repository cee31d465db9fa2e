"""Checking the codes of a second factor: none works twice, and guessing is slowed down.

django-allauth would count both in the cache, which several web processes do not share. Here the counts are a row of
the person, locked while a code is checked.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.db import transaction
from django.utils.crypto import constant_time_compare

from vendor_admin.organizations.models import SecondFactorMemory, User

log = structlog.get_logger()

# Three codes of a million are right at any moment, and one of ten recovery codes is one of ten million. Five guesses,
# then a pause that doubles with each further five up to a day: who knows the password gets in once in 170 years.
CODES_BEFORE_PAUSE = 5
FIRST_PAUSE = timedelta(minutes=15)
LONGEST_PAUSE = timedelta(days=1)

WRONG = (
    "This code is not right. Type the six digits that your app shows now, or one of your unused recovery codes. "
    "If the app's codes never work, let your phone set its clock by itself."
)
USED = "This code was used already. Wait until your app shows the next one."


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a code: the authenticator that it was right for, or in words why it was refused."""

    authenticator: Authenticator | None
    problem: str = ""


def check_code(*, user: User, code: str, now: datetime) -> Checked:
    """Use up a code of the app or a recovery code. A refusal is counted, so it must be committed, too."""
    typed = "".join(code.split()).replace("-", "")
    with transaction.atomic():
        memory = locked_memory(user)
        if memory.closed_until is not None and memory.closed_until > now:
            return Checked(None, _closed(memory.closed_until - now))
        found = {one.type: one for one in Authenticator.objects.filter(user=user)}
        totp, recovery = found.get(Authenticator.Type.TOTP), found.get(Authenticator.Type.RECOVERY_CODES)
        step = matching_step(secret=decrypt(totp.data["secret"]), code=typed, now=now) if totp else None
        if totp is not None and step is not None and step > memory.newest_step:
            memory.newest_step = step
            return _right(memory, totp)
        if recovery is not None and step is None and recovery.wrap().validate_code(typed):
            return _right(memory, recovery)
        return _wrong(memory, USED if step is not None else WRONG, now=now)


def matching_step(*, secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is: the present one or a neighbour, for clocks that differ a little."""
    present = int(now.timestamp()) // app_settings.TOTP_PERIOD
    for step in range(present - app_settings.TOTP_TOLERANCE, present + app_settings.TOTP_TOLERANCE + 1):
        if constant_time_compare(format_hotp_value(hotp_value(secret, step)), code):
            return step
    return None


def locked_memory(user: User) -> SecondFactorMemory:
    """The person's row, locked until the transaction ends."""
    SecondFactorMemory.objects.get_or_create(user=user)
    return SecondFactorMemory.objects.select_for_update().get(user=user)


def _right(memory: SecondFactorMemory, authenticator: Authenticator) -> Checked:
    memory.wrong_codes, memory.closed_until = 0, None
    memory.save(update_fields=["newest_step", "wrong_codes", "closed_until"])
    return Checked(authenticator)


def _wrong(memory: SecondFactorMemory, problem: str, *, now: datetime) -> Checked:
    memory.wrong_codes += 1
    log.warning("code_refused", user=memory.user.username, in_a_row=memory.wrong_codes)
    rounds, rest = divmod(memory.wrong_codes, CODES_BEFORE_PAUSE)
    if rest == 0:
        pause = min(FIRST_PAUSE * 2 ** min(rounds - 1, 10), LONGEST_PAUSE)
        memory.closed_until = now + pause
        problem = _closed(pause)
        log.error("codes_closed", user=memory.user.username, until=memory.closed_until.isoformat())
    memory.save(update_fields=["wrong_codes", "closed_until"])
    return Checked(None, problem)


def _closed(wait: timedelta) -> str:
    minutes = math.ceil(wait.total_seconds() / 60)
    how_long = f"{minutes} minutes" if minutes != 1 else "a minute"
    return (
        f"Too many wrong codes: no code is taken for {how_long}, not even a right one. "
        "If you lost your device, an owner of your organization or an operator can reset your second factor meanwhile."
    )

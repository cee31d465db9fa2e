"""Mails to a person whose access was changed, where the installation sends mail at all (EMAIL_URL)."""

import smtplib
from functools import partial

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from kombu.exceptions import OperationalError

from vendor_admin.celery import app
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import User

log = structlog.get_logger()

MAIL_TASK = "vendor_admin.organizations.tasks.mail_person"
EXPIRES_SECONDS = 3600

SUBJECTS = {
    "password changed": "Your password was changed",
    "password set by link": "Your password was set",
    "password set": "A new password was set for you",
    "user changed": "Your user was changed",
    "address replaced": "Your e-mail address was replaced",
    "address removed": "Your e-mail address was removed",
    "made an operator": "You were made an operator",
    "no longer an operator": "You are no longer an operator",
    "sessions ended": "You were signed out everywhere",
    "second factor reset": "Your second factor was reset",
}
MEANINGS = {
    "address replaced": "The user has another e-mail address now. This one signs nobody in any more, and gets no more "
    "mails about the user. If it was not meant to be replaced, ask at once that your sessions are ended and your "
    "address is put back.\n",
    "address removed": "The user has no e-mail address any more. This one signs nobody in, and gets no more mails "
    "about the user. If it was not meant to be removed, ask at once that your sessions are ended and your address is "
    "put back.\n",
}


def tell_soon(*, person: User, what: str, actor: Actor, reason: str = "", address: str = "") -> None:
    """Send a mail about a change (a key of SUBJECTS) as soon as this transaction has committed: to the person's
    address, or to another one.

    Only a courtesy: the change itself is in the audit, and does not wait for mail servers.
    """
    if settings.EMAIL_URL and (address or person.email):
        transaction.on_commit(partial(_send, person.pk, what, actor.label, reason, address))


def mail(*, person: User, what: str, actor: str, reason: str, address: str = "") -> None:
    """Send it, once. `actor` is the label of who did it. What a mail server says against it is logged."""
    by = "by yourself" if actor == person.get_username() else f"by {actor}"
    text = (
        f"{SUBJECTS[what]} at {settings.SITE_URL or 'Vendor Admin'}, {by}.\n"
        + (f"Why: {reason}\n" if reason else "")
        + f"\nUser name: {person.get_username()}\n\n"
        + MEANINGS.get(what, "")
        + "If you did not expect this, tell an owner of your organization or whoever runs this installation.\n"
    )
    headers = {"Auto-Submitted": "auto-generated"}
    try:
        EmailMessage(SUBJECTS[what], text, to=[address or person.email], headers=headers).send()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        log.warning("personal_mail_failed", user=person.get_username(), what=what, error=type(error).__name__)


def _send(person_id: int, what: str, actor: str, reason: str, address: str) -> None:
    to = [address] if address else []
    try:
        app.send_task(MAIL_TASK, args=[person_id, what, actor, reason, *to], retry=False, expires=EXPIRES_SECONDS)
    except (OperationalError, OSError) as error:
        log.warning("personal_mail_not_queued", what=what, error=str(error))

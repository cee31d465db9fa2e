"""Ends sessions of staff: all of one's own, or all of somebody else's with a reason."""

from django.db import transaction
from django.db.models import F

from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import User
from vendor_admin.organizations.staff import personal_mails


def end_sessions(person: User) -> None:
    """End all sessions of a person: each carries the epoch in which it began."""
    User.objects.filter(pk=person.pk).update(session_epoch=F("session_epoch") + 1)
    person.refresh_from_db(fields=["session_epoch"])


def sign_out_everywhere(*, person: User, request_id: str = "") -> None:
    """End all of one's own sessions."""
    with transaction.atomic():
        end_sessions(person)
        audit.record_access(
            person=person,
            actor=Actor.staff(person.get_username()),
            action="signed out everywhere",
            request_id=request_id,
        )


def end_sessions_of(*, person: User, actor: Actor, reason: str, request_id: str = "") -> None:
    """End all sessions of somebody else, as an owner or operator asks."""
    with transaction.atomic():
        end_sessions(person)
        audit.record_access(person=person, actor=actor, action="sessions ended", reason=reason, request_id=request_id)
        personal_mails.tell_soon(person=person, what="sessions ended", actor=actor, reason=reason)

"""New passwords of staff and operators: each is written to the audit, and its person is told by mail.

Django's own pages set the password itself, which ends the person's other sessions.
"""

from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import User
from vendor_admin.organizations.staff import personal_mails


def note_own_change(*, person: User, request_id: str = "") -> None:
    """The person gave the old password, and chose a new one."""
    _note(person, actor=Actor.staff(person.get_username()), action="password changed", request_id=request_id)


def note_set_by_link(*, person: User, request_id: str = "") -> None:
    """The person followed a password link (staff.invitation)."""
    _note(person, actor=Actor.staff(person.get_username()), action="password set by link", request_id=request_id)


def note_set_for(*, person: User, actor: Actor, reason: str, request_id: str = "") -> None:
    """An operator set a password for somebody."""
    _note(person, actor=actor, action="password set", reason=reason, request_id=request_id)


def _note(person: User, *, actor: Actor, action: str, reason: str = "", request_id: str) -> None:
    audit.record_access(person=person, actor=actor, action=action, reason=reason, request_id=request_id)
    personal_mails.tell_soon(person=person, what=action, actor=actor, reason=reason)

"""What operators change in users of the installation: written to the audit, and told to the person."""

from collections.abc import Mapping
from typing import Any

from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import User
from vendor_admin.organizations.staff import email_addresses, personal_mails


def note_change(
    *, person: User, old: Mapping[str, Any], new: Mapping[str, Any], reason: str, actor: Actor, request_id: str = ""
) -> None:
    """A user was added (`old` is empty) or changed; values by field name. Nothing is written of no change."""
    if not new:
        return
    action = _action(old, new)
    audit.record_access(
        person=person, actor=actor, action=action, old=old, new=new, reason=reason, request_id=request_id
    )
    if old:
        personal_mails.tell_soon(person=person, what=action, actor=actor, reason=reason)
    if "email" in new and email_addresses.was_proven(person, address=old.get("email") or ""):
        what = "address replaced" if new["email"] else "address removed"
        personal_mails.tell_soon(person=person, what=what, actor=actor, reason=reason, address=old["email"])


def _action(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if new.get("kind") == User.Kind.OPERATOR:
        return "made an operator"
    if not old:
        return "user added"
    return "no longer an operator" if old.get("kind") == User.Kind.OPERATOR else "user changed"

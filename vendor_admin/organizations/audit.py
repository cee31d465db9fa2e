"""The append-only record of who changed what. Secrets are masked here, so that no caller can forget it."""

from collections.abc import Mapping
from typing import Any

import structlog

from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.encryption import SecretDict
from vendor_admin.organizations.models import AccessEntry, AuditEntry, Organization, User
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger()

CALLER_REQUEST_ID = "caller_request_id"
MASK = "••••••"
SECRET_WORDS = ("password", "secret", "token", "ticket", "credential")
SECRET_NAMES = {"sec", "key", "api_key", "apikey"}


def record(
    *,
    organization: Organization,
    actor: Actor,
    action: str,
    subject: str,
    subject_kind: str = "",
    subject_id: int | str = "",
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str = "",
    request_id: str = "",
) -> AuditEntry:
    """Write one entry. `old` and `new` hold JSON values by field name.

    `subject` is what people read; `subject_kind` and `subject_id` say to programs what it is about: a plan and its id.
    Must run inside the organization's scope, in the transaction of the change itself.
    """
    return AuditEntry.objects.create(
        organization=organization,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        **_values(actor=actor, action=action, subject=subject, old=old, new=new, reason=reason, request_id=request_id),
    )


def record_access(
    *,
    person: User,
    actor: Actor,
    action: str,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    reason: str = "",
    request_id: str = "",
) -> None:
    """Write one entry where operators read it, and one in each organization that the person works for.

    In the transaction of the change itself.
    """
    subject = person.get_username()
    values = _values(
        actor=actor, action=action, subject=subject, old=old, new=new, reason=reason, request_id=request_id
    )
    AccessEntry.objects.create(**values)
    for organization in Organization.objects.filter(staff_roles__user=person):
        with organization_scope(organization.pk):
            AuditEntry.objects.create(organization=organization, **values)
    log.info(action.replace(" ", "_"), user=subject, actor=actor.key, reason=reason)


def caller_request_id() -> str:
    """What the caller of the present request sent as its id (bound by middleware.py); empty outside of requests."""
    return str(structlog.contextvars.get_contextvars().get(CALLER_REQUEST_ID, ""))


def _values(
    *,
    actor: Actor,
    action: str,
    subject: str,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    reason: str,
    request_id: str,
) -> dict[str, Any]:
    return {
        "actor": actor.label[:200],
        "actor_kind": actor.kind,
        "actor_id": actor.id[:200],
        "action": action[:100],
        "subject": subject[:300],
        "old": masked(old or {}),
        "new": masked(new or {}),
        "reason": reason,
        "request_id": request_id[:64],
        "caller_request_id": caller_request_id(),
    }


def masked(value: Any) -> Any:
    """A copy without secrets: values under telling names become dots, and nothing of a SecretDict but its names is
    kept."""
    if isinstance(value, SecretDict):
        return dict.fromkeys(value, MASK)
    if isinstance(value, Mapping):
        return {name: MASK if _is_secret(str(name)) and part else masked(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [masked(part) for part in value]
    return value


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return lowered in SECRET_NAMES or any(word in lowered for word in SECRET_WORDS)

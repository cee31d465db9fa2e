"""The partner's own references to members and accounts: set, cleared, and found again.

One reference belongs to one member, or to one account, of an organization. Nothing of it is sent to the platform.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from vendor_admin.errors import Conflict, Fault, InvalidFields
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.models import LONGEST_EXTERNAL_ID, ExternalId

Kind = ExternalId.Kind
TAKEN = "external_id_taken"


def set_external_ids(
    *,
    organization: Organization,
    kind: ExternalId.Kind,
    wanted: Mapping[int, str | None],
    environment: str = "",
    actor: Actor,
    now: datetime,
    request_id: str = "",
) -> None:
    """Give members or accounts, by platform id, the references of the partner's; None takes one away.

    `environment` is that of accounts. Must run inside the organization's scope. Whether they are there is for the
    caller to know: one that was made a moment ago is in no mirror yet. Raises InvalidFields, and Conflict where another
    one has such a reference.
    """
    _check(wanted.values())
    own = {"organization": organization, "kind": kind, "environment": environment}
    before = dict(ExternalId.objects.filter(among("entity_id", wanted), **own).values_list("entity_id", "external_id"))
    changes = {entity_id: text for entity_id, text in wanted.items() if before.get(entity_id) != text}
    given = {entity_id: text for entity_id, text in changes.items() if text is not None}
    try:
        with transaction.atomic():
            ExternalId.objects.filter(among("entity_id", changes), **own).delete()
            ExternalId.objects.bulk_create(
                ExternalId(entity_id=entity_id, external_id=text, set_at=now, **own)
                for entity_id, text in given.items()
            )
    except IntegrityError as error:
        raise _taken(kind, organization_id=organization.pk, texts=given.values()) from error
    for entity_id, text in changes.items():
        audit.record(
            organization=organization,
            actor=actor,
            action="clear external id" if text is None else "set external id",
            subject=f"{kind.label} {entity_id}",
            subject_kind=kind.value,
            subject_id=entity_id,
            old={"external_id": before.get(entity_id)},
            new={"external_id": text},
            request_id=request_id,
        )


def external_ids_of(
    entity_ids: Iterable[int], *, kind: ExternalId.Kind, organization_id: int
) -> dict[tuple[str, int], str]:
    """The references of members or accounts, by environment (empty of members) and platform id. One query."""
    rows = ExternalId.objects.filter(among("entity_id", entity_ids), organization_id=organization_id, kind=kind)
    return {
        (environment, entity_id): text
        for environment, entity_id, text in rows.values_list("environment", "entity_id", "external_id")
    }


def external_id_of(entity_id: int, *, kind: ExternalId.Kind, environment: str = "", organization_id: int) -> str:
    """The reference to one member or account; empty where it has none. One query."""
    found = external_ids_of([entity_id], kind=kind, organization_id=organization_id)
    return found.get((environment, entity_id), "")


def having_external_id(rows: QuerySet[Any], text: str, *, kind: ExternalId.Kind, organization_id: int) -> QuerySet[Any]:
    """Of these members or accounts the one with a reference."""
    found = ExternalId.objects.filter(organization_id=organization_id, kind=kind, external_id=text)
    if kind is Kind.MEMBER:
        return rows.filter(entity_id__in=found.values("entity_id"))
    return rows.filter(entity_id__in=found.values("entity_id"), environment__in=found.values("environment"))


def external_id_fault(text: str) -> str:
    """What is wrong with a reference, in a sentence; empty if nothing is."""
    if not text.strip():
        return "An external id has at least one character. Send null to take it away."
    if len(text) > LONGEST_EXTERNAL_ID:
        return f"An external id has {LONGEST_EXTERNAL_ID} characters at most."
    if text != text.strip() or not text.isprintable():
        return "An external id has no spaces at its ends, no line breaks and no unprintable characters."
    return ""


def _check(texts: Iterable[str | None]) -> None:
    given = [text for text in texts if text is not None]
    for text in given:
        if fault := external_id_fault(text):
            raise InvalidFields([Fault("external_id", "invalid", fault)])
    if len(set(given)) < len(given):
        raise InvalidFields([Fault("external_id", TAKEN, "Two of these have the same external id.")])


def _taken(kind: ExternalId.Kind, *, organization_id: int, texts: Iterable[str]) -> Conflict:
    found = ExternalId.objects.filter(organization_id=organization_id, kind=kind, external_id__in=list(texts)).first()
    owner = f"{kind.label.capitalize()} {found.entity_id}" if found is not None else f"Another {kind.label}"
    name = f" “{found.external_id}”" if found is not None else ""
    return Conflict(f"{owner} has the external id{name} already. Take it away there first.", code=TAKEN)

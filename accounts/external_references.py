"""The partner's own references to what is being made: looked at in the preview, kept once the platform made it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from vendor_admin.errors import Conflict
from vendor_admin.mirrors.external_ids import external_id_fault, set_external_ids
from vendor_admin.operations.inputs.described import described
from vendor_admin.operations.kinds import RowDraft
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.made import made_ids
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.actors import Actor
from vendor_admin.partner_api.models import LONGEST_EXTERNAL_ID, ExternalId

EXTERNAL_ID = "externalId"
"""The name of the reference among what is wanted of a row. The platform is never sent it."""
NewExternalId = Annotated[
    str,
    described(
        "Your own reference, unique in your organization. It stays here and is not sent to the platform.",
        example="customer-1001",
        min_length=1,
        max_length=LONGEST_EXTERNAL_ID,
    ),
]


def set_apart_taken(drafts: Sequence[RowDraft], *, kind: ExternalId.Kind, organization_id: int) -> None:
    """Skip rows with a reference that somebody else has, or that cannot be one. One query at most."""
    texts = {str(draft.target.wanted[EXTERNAL_ID]) for draft in drafts if draft.target.wanted.get(EXTERNAL_ID)}
    if not texts:
        return
    known = ExternalId.objects.filter(organization_id=organization_id, kind=kind, external_id__in=texts)
    seen = set(known.values_list("external_id", flat=True))
    for draft in drafts:
        text = draft.target.wanted.get(EXTERNAL_ID)
        if not text or draft.why_skipped:
            continue
        if fault := external_id_fault(str(text)):
            draft.why_skipped = fault
        elif text in seen:
            draft.why_skipped = SkipReason.TAKEN_TWICE.format("external id")
        seen.add(str(text))


def keep_references(rows: Sequence[PlanRow], *, kind: ExternalId.Kind, environment: str, now: datetime) -> None:
    """Give what these rows of one plan made the references that were asked for. Raises Conflict."""
    wanted = {row.pk: str(row.wanted[EXTERNAL_ID]) for row in rows if row.wanted.get(EXTERNAL_ID)}
    if not wanted:
        return
    plan = rows[0].plan
    made = made_ids(rows, organization_id=plan.organization_id)
    if missing := [text for key, text in wanted.items() if key not in made]:
        raise Conflict(f"The external id {missing[0]} was not set: it is not known yet what was made. Set it there.")
    set_external_ids(
        organization=plan.organization,
        kind=kind,
        wanted={made[key]: text for key, text in wanted.items()},
        environment=environment,
        actor=Actor.from_key(plan.actor),
        now=now,
        request_id=plan.request_id,
    )

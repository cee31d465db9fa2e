"""Asks the platform for something that changes nothing: the question is stored, and a worker asks it."""

from collections.abc import Sequence
from datetime import datetime

from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.operations.kinds import Question, ReadKind
from vendor_admin.operations.plans import authors
from vendor_admin.operations.read_job_models import ReadJob, ReadJobRow
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization

MOST_ROWS = 5_000
"""As many as the platform takes calls of a user in an hour."""
TOO_MANY = f"The platform is asked about up to {MOST_ROWS:,} at once. Choose fewer."
NOTHING_TO_ASK = "Every row is skipped: there is nothing to ask the platform for. {}"
_AT_ONCE = 1_000


def ask(
    *,
    organization: Organization,
    kind: ReadKind,
    questions: Sequence[Question],
    environment: str,
    actor: Actor,
    now: datetime,
    request_id: str = "",
) -> ReadJob:
    """Have the platform asked these questions as soon as the transaction has committed.

    Must run inside the organization's scope. Raises NotAllowed where the actor may not ask, InvalidFields where they
    are too many, and Conflict where none of what they are about is there.
    """
    authors.require(actor, kind.right, organization_id=organization.pk)
    if len(questions) > MOST_ROWS:
        raise InvalidFields.from_texts({"": TOO_MANY})
    found = kind.rows(questions, environment=environment, organization_id=organization.pk)
    if all(row.why for row in found):
        raise Conflict(NOTHING_TO_ASK.format(found[0].why if found else "").strip())
    job = ReadJob.objects.create(
        organization=organization,
        kind=kind.name,
        title=kind.title,
        environment=environment,
        actor=actor.key,
        request_id=request_id,
        due_at=now,
        created_at=now,
    )
    rows = [
        ReadJobRow(
            organization=organization,
            job=job,
            position=position,
            target_id=row.question.target_id,
            asked=row.question.asked,
            label=row.label[:200],
            state=ReadJobRow.State.REFUSED if row.why else ReadJobRow.State.WAITING,
            why=row.why,
        )
        for position, row in enumerate(found, start=1)
    ]
    ReadJobRow.objects.bulk_create(rows, batch_size=_AT_ONCE)
    audit.record(
        organization=organization,
        actor=actor,
        action="platform asked",
        subject=f"reading {job.pk}: {job.title}",
        subject_kind="reading",
        subject_id=job.pk,
        new={"rows": len(rows), "environment": environment},
        request_id=request_id,
    )
    wakeups.read_soon(organization.pk, job.pk)
    return job


def asked_since(
    *, organization: Organization, kind: ReadKind, target_id: int, environment: str, since: datetime
) -> ReadJob | None:
    """The last job that asked the same of this target since a time, and was not refused."""
    rows = ReadJobRow.objects.filter(
        organization=organization,
        target_id=target_id,
        job__kind=kind.name,
        job__environment=environment,
        job__created_at__gt=since,
    ).exclude(state=ReadJobRow.State.REFUSED)
    row = rows.select_related("job").order_by("-id").first()
    return row.job if row is not None else None

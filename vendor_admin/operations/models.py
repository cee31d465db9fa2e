"""Writes to the platform, stored before they are sent (Operation), and many of them previewed as one (Plan).

The row is the queue: what is to be sent, by whom, and what is known of its outcome. Verbs are in plans.py (people),
queue.py (workers) and decisions.py (people, about unknown outcomes).
"""

import secrets
from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Case, Q, Value, When

from vendor_admin.operations.precedence import Aspect, Priority
from vendor_admin.operations.read_job_models import ReadJob, ReadJobRow
from vendor_admin.organizations.encryption import EncryptedJSONField, UndecryptableError
from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.organization_rows import OrganizationRow

__all__ = [
    "ApprovalRule",
    "Lane",
    "Operation",
    "Plan",
    "PlanRow",
    "PlanTargets",
    "ReadJob",
    "ReadJobRow",
]

ONE_PLAN_PER = "one_running_plan_per_"
"""How the constraints begin that keep two plans from changing the same of a target."""
SHORT_ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
SHORT_ID_LENGTH = 8
_PAIRS = [first + second for first in SHORT_ID_LETTERS for second in SHORT_ID_LETTERS]


def new_short_id() -> str:
    """Eight letters and digits that cannot be misread, e.g. "7KQ2M9XA": 40 random bits."""
    bits = secrets.randbits(40)
    return _PAIRS[bits >> 30] + _PAIRS[bits >> 20 & 1023] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]


class Plan(OrganizationRow):
    """A change of one or many things at the platform: previewed, confirmed, carried out, and perhaps reverted.

    Its rows are what will change, fixed at the preview; nothing is worked out anew when it runs.
    """

    class State(models.TextChoices):
        DRAFTING = "drafting", "being previewed"
        PREVIEW = "preview", "preview"
        STALE = "stale", "out of date"
        WAITING = "waiting", "awaiting approval"
        HELD = "held", "waiting for the platform"
        RUNNING = "running", "running"
        PAUSED = "paused", "paused"
        FINISHED = "finished", "finished"
        CANCELLED = "cancelled", "cancelled"

    OPEN_STATES = (State.WAITING, State.HELD, State.RUNNING, State.PAUSED)
    STOPPED_STATES = (State.CANCELLED, State.STALE)  # nothing more of it is sent, whatever comes back into the queue

    kind = models.CharField(max_length=64, help_text="A name in operations/kinds.py.")
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=9, choices=State, default=State.PREVIEW)
    parameters = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, default="")
    actor = models.CharField(max_length=200)
    request_id = models.CharField(max_length=64, default="")
    idempotency_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null is "none", and not unique
    asked_digest = models.CharField(
        max_length=64, default="", db_default="", help_text="Of what was asked for under the key."
    )
    needs_second_person = models.BooleanField(default=False)
    second_person_why = models.CharField(max_length=300, default="")
    is_money = models.BooleanField(default=False)
    cost = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, default=0, help_text="What it costs at first; null: not known."
    )
    rows_counted = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Rows that count toward the thresholds."
    )
    amount = models.DecimalField(
        max_digits=20,
        decimal_places=2,
        null=True,
        help_text="What counts toward the thresholds: balance changes and price; null: not known.",
    )
    calls_needed = models.PositiveIntegerField(default=0)
    calls_by_path = models.JSONField(default=dict, help_text="How many calls of which write, by “environment path”.")
    confirmed_by = models.CharField(max_length=200, default="")
    confirmed_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=200, default="")
    taken_over_by = models.CharField(
        max_length=200,
        default="",
        db_default="",
        help_text="Who resumed it after its makers had lost the right to go on.",
    )
    wait_why = models.CharField(
        max_length=500, default="", db_default="", help_text="Why this service stopped or holds it."
    )
    depends_on_rows = models.BooleanField(
        default=False, db_default=False, help_text="Whether it must not start from old rows."
    )
    depends_on = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="The entity types its rows start from, by environment.",
    )
    check_at = models.DateTimeField(
        null=True, help_text="When a worker looks next whether its rows are fresh; until then no row of it begins."
    )
    check_claimed_until = models.DateTimeField(null=True, help_text="Until when a worker that reads its rows has it.")
    check_fault = models.CharField(max_length=32, default="", db_default="", help_text="What the last reading met.")
    checks_failed = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many readings in a row met that."
    )
    read_at = models.DateTimeField(null=True, help_text="When its rows were last read of the platform itself.")
    compared_at = models.DateTimeField(
        null=True, help_text="Of when that is which its rows were last compared with: mirrors, or a reading."
    )
    work_done = models.PositiveIntegerField(
        default=0, db_default=0, help_text="How many rows a worker has gone through at what it does with the plan."
    )
    work_total = models.PositiveIntegerField(default=0, db_default=0, help_text="Of how many rows; 0: it does nothing.")
    starts_unseen = models.BooleanField(
        default=False, db_default=False, help_text="Whether it is confirmed as soon as it is previewed, by its maker."
    )
    drafted = models.JSONField(
        default=dict,
        db_default=Value({}, models.JSONField()),
        help_text="What the rows previewed so far come to (tally.py), while it is being previewed.",
    )
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    renewed_from = models.ForeignKey("self", models.CASCADE, null=True, related_name="renewals")
    reverts = models.ForeignKey("self", models.CASCADE, null=True, related_name="reverted_by")
    retries = models.ForeignKey("self", models.CASCADE, null=True, related_name="retried_by")

    class Meta(OrganizationRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "idempotency_key"], name="one_plan_per_idempotency_key"),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="plan_by_organization"),
            models.Index(
                fields=["organization"],
                condition=Q(state__in=["waiting", "held", "running", "paused"]),
                name="plan_is_open",
            ),
            models.Index(fields=["finished_at"], condition=Q(state="finished"), name="plan_finished"),
            models.Index(
                fields=["finished_at"],
                condition=Q(started_at__isnull=True, finished_at__isnull=False),
                name="plan_ended_unsent",
            ),
            models.Index(fields=["check_at"], condition=Q(check_at__isnull=False), name="plan_to_check"),
            models.Index(
                fields=["organization", "confirmed_at"], condition=Q(approved_by=""), name="plan_by_one_person"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @staticmethod
    def made_by(key: str) -> Q:
        """The condition of `is_by`, for queries."""
        return Q(actor=key) | Q(confirmed_by=key)

    def is_by(self, key: str) -> bool:
        """Whether the actor with this key made or confirmed it, and so may not approve it."""
        return key in (self.actor, self.confirmed_by)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN_STATES

    @property
    def work_percent(self) -> int:
        """How far a worker has come with all rows of the plan."""
        return 100 * self.work_done // self.work_total if self.work_total else 0

    @property
    def is_being_prepared(self) -> bool:
        """Whether it was confirmed, and a worker makes it ready to run: its rows need not be read of the platform."""
        return self.state == self.State.HELD and not self.wait_why

    @property
    def is_interrupted(self) -> bool:
        """Whether it runs, and what has not begun waits until its rows were compared (interrupted_plans.py)."""
        return self.state == self.State.RUNNING and self.check_at is not None


class Operation(OrganizationRow):
    """One call of the platform that changes something. At most one is ever in flight for a row.

    `request` is the body, with secrets masked; where it holds secrets, the body to send is in `sealed_request` until
    the operation is over. `short_id` goes into the comment of balance changes, by which they are found again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        SENDING = "sending", "being sent"
        SUCCEEDED = "succeeded", "succeeded"
        REJECTED = "rejected", "rejected"
        UNKNOWN = "unknown", "unknown"
        CANCELLED = "cancelled", "cancelled"

    UNFINISHED = (State.QUEUED, State.SENDING, State.UNKNOWN)

    # Indexes below begin with these two.
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="operations", db_index=False)
    after = models.ForeignKey("self", models.CASCADE, null=True, related_name="followers")
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    name = models.CharField(max_length=100, help_text="The platform's path, e.g. cashBalance/changedemobalance.")
    request = models.JSONField()
    sealed_request = EncryptedJSONField(default=dict, blank=True)
    short_id = models.CharField(max_length=SHORT_ID_LENGTH, default=new_short_id)
    idempotency_key = models.CharField(max_length=200)
    actor = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, default="")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    priority = models.SmallIntegerField(
        choices=[(one.value, one.name.lower()) for one in Priority],
        default=Priority.NORMAL.value,
        db_default=Priority.NORMAL.value,
        help_text="Urgent operations go before all others of their lane.",
    )
    trouble = models.GeneratedField(
        expression=Case(When(state="unknown", then=2), When(state="rejected", then=1), default=0),
        output_field=models.SmallIntegerField(),
        db_persist=True,
        help_text="What a list shows first: unknown, then refused, then everything else.",
    )
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    wait_reason = models.CharField(max_length=300, default="")
    penalty_ticket = models.CharField(max_length=500, default="")
    claimed_by = models.CharField(max_length=64, default="")
    claimed_until = models.DateTimeField(null=True)
    error_text = models.TextField(default="", help_text="The platform's own words.")
    advice = models.TextField(default="")
    response = models.JSONField(default=dict)
    settle_attempts = models.PositiveIntegerField(default=0)
    reading_since = models.DateTimeField(null=True, help_text="Since when the platform is to be read about it.")
    needs_person = models.BooleanField(default=False)
    question = models.TextField(default="", help_text="What a person has to decide, with both possibilities.")
    unreadable = models.TextField(
        default="",
        db_default="",
        help_text="Why the last reading told nothing. It is read on, also once a person is asked because of that.",
    )
    crashes = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many runs ended while they were at it."
    )
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="When the first call that may have been carried out left.")
    call_ended_at = models.DateTimeField(
        null=True, help_text="By when the last call had certainly ended: patience counts from here."
    )
    finished_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "idempotency_key"], name="one_operation_per_key"),
            # Not `unique` at the field: that makes a second index, for LIKE, which nothing asks and each insert pays.
            models.UniqueConstraint(fields=["short_id"], name="one_operation_per_short_id"),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="operation_by_organization"),
            models.Index(fields=["organization", "-trouble", "-id"], name="operation_trouble_first"),
            models.Index(fields=["plan", "state"], name="operation_by_plan"),
            models.Index(
                fields=["organization", "environment", "not_before"],
                condition=Q(state__in=["queued", "unknown", "sending"]),
                name="operation_unfinished",
            ),
            models.Index(
                fields=["organization", "environment", "not_before"],
                condition=Q(state__in=["queued", "unknown", "sending"], priority=Priority.URGENT.value),
                name="operation_urgent",
            ),
            models.Index(fields=["organization", "-id"], condition=Q(needs_person=True), name="operation_needs_person"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.short_id}"

    @property
    def waits_for(self) -> str:
        """Why it waits in the queue, where something is known: for its plan's rows, or for what postponed it."""
        if self.state != self.State.QUEUED:
            return ""
        return self.plan.wait_why if self._waits_for_plan else self.wait_reason

    @property
    def next_try_at(self) -> Any:
        """When it may go out at the earliest, as far as that is known."""
        return self.plan.check_at if self._waits_for_plan else self.not_before

    @property
    def _waits_for_plan(self) -> bool:
        return self.plan.is_interrupted and self.after_id is None


class PlanRow(OrganizationRow):
    """What a plan does to one target: `old` -> `new` by field name, or why it is skipped.

    `wanted` and `expected` are what was asked for, from which a preview can be made anew; `secrets` (passwords) never
    show, and are wiped once nothing can need them (wiping.py). While `is_locking`, no other plan may change the same of
    its target (`changes`).
    """

    class State(models.TextChoices):
        PLANNED = "planned", "will change"
        SKIPPED = "skipped", "skipped"
        QUEUED = "queued", "waiting"
        SUCCEEDED = "succeeded", "done"
        REJECTED = "rejected", "rejected"
        UNKNOWN = "unknown", "unknown"
        CANCELLED = "cancelled", "cancelled"

    # Indexes below begin with these two.
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="rows", db_index=False)
    position = models.PositiveIntegerField()
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    target_type = models.CharField(max_length=64, help_text="Entity type of the platform, e.g. account.")
    target_id = models.BigIntegerField(null=True, help_text="Null for what does not exist yet.")
    label = models.CharField(max_length=200)
    wanted = models.JSONField(default=dict)
    secrets = EncryptedJSONField(default=dict, blank=True)
    expected = models.JSONField(null=True, help_text="In a revert: what the earlier plan left behind.")
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    state = models.CharField(max_length=9, choices=State, default=State.PLANNED)
    why = models.TextField(default="", help_text="Why it is skipped, or the platform's words when it was refused.")
    result = models.JSONField(default=dict)
    operation = models.ForeignKey(Operation, models.SET_NULL, null=True, related_name="rows")
    changes = models.CharField(
        max_length=16,
        choices=[(one.value, one.value) for one in Aspect],
        default=Aspect.WHOLE.value,
        db_default=Aspect.WHOLE.value,
        help_text="What it changes of its target.",
    )
    is_locking = models.BooleanField(default=False)

    class Meta(OrganizationRow.Meta):
        constraints = [
            models.UniqueConstraint(fields=["plan", "position"], name="one_row_per_position"),
            # What changes all of a target is in each of these, so it runs beside nothing.
            *(
                models.UniqueConstraint(
                    fields=["organization", "environment", "target_type", "target_id"],
                    condition=Q(is_locking=True, changes__in=[aspect.value, Aspect.WHOLE.value]),
                    name=f"{ONE_PLAN_PER}{aspect}",
                )
                for aspect in Aspect
                if aspect is not Aspect.WHOLE
            ),
        ]
        indexes = [
            models.Index(fields=["plan", "state", "position"], name="plan_row_by_state"),
            models.Index(fields=["organization", "target_type", "target_id"], name="plan_row_by_target"),
            models.Index(fields=["organization", "-id"], name="plan_row_by_organization"),
            models.Index(fields=["plan"], condition=~Q(secrets=""), name="plan_row_with_secrets"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def kept_secrets(self) -> Mapping[str, Any]:
        """The secrets as far as there are any: none after they were wiped, or where their key was lost."""
        try:
            return self.secrets
        except UndecryptableError:
            return {}


class PlanTargets(OrganizationRow):
    """What a plan that is being previewed was asked to do to some targets; gone once their rows are stored."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="targets", db_index=False)
    first = models.PositiveIntegerField(help_text="The position of the first of their rows.")
    asked = EncryptedJSONField(help_text="The targets (plans/targets.py). Passwords may be among them.")

    class Meta(OrganizationRow.Meta):
        constraints = [models.UniqueConstraint(fields=["plan", "first"], name="targets_once_per_position")]

    def __str__(self) -> str:
        return f"targets from {self.first}"


class Lane(OrganizationRow):
    """Who sends the operations of one organization and environment; one worker at a time, by a lease."""

    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    holder = models.CharField(max_length=64, default="")
    expires_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "environment"], name="one_lane_per_host")]

    def __str__(self) -> str:
        return f"{self.environment} operations"


class ApprovalRule(OrganizationRow):
    """Above which size a plan needs a second person. Without a row the defaults hold."""

    accounts_over = models.PositiveIntegerField(default=100)
    balance_change_over = models.DecimalField(max_digits=14, decimal_places=2, default=50_000)
    proposed_accounts_over = models.PositiveIntegerField(
        null=True, help_text="Higher ones, until a second person agrees."
    )
    proposed_balance_change_over = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    proposed_by = models.CharField(max_length=200, default="", db_default="")
    proposed_why = models.CharField(max_length=500, default="", db_default="")
    proposed_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        constraints = [models.UniqueConstraint(fields=["organization"], name="one_approval_rule")]

    def __str__(self) -> str:
        return f"over {self.accounts_over} accounts or {self.balance_change_over} of balance change"

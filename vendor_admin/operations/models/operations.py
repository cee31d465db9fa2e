"""Writes to the platform, stored before they are sent (Operation), and who sends them (Lane).

The row is the queue: what is to be sent, by whom, and what is known of its outcome.
"""

import secrets
from typing import Any

from django.db import models
from django.db.models import Case, Q, When

from vendor_admin.operations.models.plans import Plan
from vendor_admin.operations.precedence import Priority
from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.organization_rows import OrganizationRow

SHORT_ID_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

SHORT_ID_LENGTH = 8

_PAIRS = [first + second for first in SHORT_ID_LETTERS for second in SHORT_ID_LETTERS]


def new_short_id() -> str:
    """Eight letters and digits that cannot be misread, e.g. "7KQ2M9XA": 40 random bits."""
    bits = secrets.randbits(40)
    return _PAIRS[bits >> 30] + _PAIRS[bits >> 20 & 1023] + _PAIRS[bits >> 10 & 1023] + _PAIRS[bits & 1023]


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
    def quotes_platform(self) -> bool:
        """Whether what is said of a refusal are the platform's own words: an answer, and no reading of ours."""
        return not self.settle_attempts and self.state not in self.UNFINISHED and "status" in self.response

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


class Lane(OrganizationRow):
    """Who sends the operations of one organization and environment; one worker at a time, by a lease."""

    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    holder = models.CharField(max_length=64, default="")
    expires_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "environment"], name="one_lane_per_host")]

    def __str__(self) -> str:
        return f"{self.environment} operations"

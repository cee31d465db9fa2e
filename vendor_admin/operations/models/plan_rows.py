"""What a plan does to one target (PlanRow)."""

from collections.abc import Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from vendor_admin.operations.models.operations import Operation
from vendor_admin.operations.models.plans import Plan
from vendor_admin.operations.precedence import Aspect
from vendor_admin.organizations.encryption import EncryptedJSONField, UndecryptableError
from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.organization_rows import OrganizationRow

ONE_PLAN_PER = "one_running_plan_per_"
"""How the constraints begin that keep two plans from changing the same of a target."""


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
    def platform_words(self) -> str:
        """The platform's own words where it refused; `why` says it in ours where it did not say so itself."""
        is_quoted = self.operation is None or self.operation.quotes_platform
        return self.why if self.state == self.State.REJECTED and is_quoted else ""

    @property
    def kept_secrets(self) -> Mapping[str, Any]:
        """The secrets as far as there are any: none after they were wiped, or where their key was lost."""
        try:
            return self.secrets
        except UndecryptableError:
            return {}

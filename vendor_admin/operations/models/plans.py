"""Changes of one or many things at the platform (Plan), and who has to agree to them (ApprovalRule)."""

from django.db import models
from django.db.models import Q, Value

from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.organization_rows import OrganizationRow


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


class PlanTargets(OrganizationRow):
    """What a plan that is being previewed was asked to do to some targets; gone once their rows are stored."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="targets", db_index=False)
    first = models.PositiveIntegerField(help_text="The position of the first of their rows.")
    asked = EncryptedJSONField(help_text="The targets (plans/targets.py). Passwords may be among them.")

    class Meta(OrganizationRow.Meta):
        constraints = [models.UniqueConstraint(fields=["plan", "first"], name="targets_once_per_position")]

    def __str__(self) -> str:
        return f"targets from {self.first}"


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

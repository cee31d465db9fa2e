"""Questions that staff ask the platform, and its answers. They change nothing there (read_jobs/)."""

from django.db import models
from django.db.models import Q

from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.organization_rows import OrganizationRow


class ReadJob(OrganizationRow):
    """One question about one or many things, asked in the background within the budgets of readings."""

    class State(models.TextChoices):
        RUNNING = "running", "running"
        FINISHED = "finished", "finished"

    kind = models.CharField(max_length=64, help_text="A name of a reading kind in operations/kinds.py.")
    title = models.CharField(max_length=200)
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    actor = models.CharField(max_length=200)
    request_id = models.CharField(max_length=64, default="")
    state = models.CharField(max_length=8, choices=State, default=State.RUNNING)
    due_at = models.DateTimeField(null=True, help_text="When a worker asks next; null once it is over.")
    claimed_until = models.DateTimeField(null=True, help_text="Until when a worker that asks has it.")
    is_long = models.BooleanField(
        default=False, help_text="It took longer than its first turn, and goes on in the queue of work with rows."
    )
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="How many times in a row nothing was answered: each makes the next pause longer."
    )
    wait_why = models.CharField(max_length=500, default="", help_text="Why nothing is asked at the moment.")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="read_job_due"),
            models.Index(fields=["organization", "-id"], name="read_job_by_organization"),
        ]

    def __str__(self) -> str:
        return self.title


class ReadJobRow(OrganizationRow):
    """What one thing is asked about, and what the platform answered, or why there is no answer."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        ANSWERED = "answered", "answered"
        REFUSED = "refused", "refused"

    # Indexes below begin with these two.
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey(ReadJob, models.CASCADE, related_name="rows", db_index=False)
    position = models.PositiveIntegerField()
    target_id = models.BigIntegerField()
    asked = models.JSONField(null=True, help_text="What is asked besides, as its kind has it.")
    label = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0, help_text="How many calls got no answer.")
    errors = models.PositiveSmallIntegerField(default=0, help_text="How many of them got an error for an answer.")
    answer = models.JSONField(null=True)
    why = models.TextField(default="", help_text="Why there is no answer.")
    read_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="one_read_row_per_position")]
        indexes = [models.Index(fields=["organization", "target_id", "-id"], name="read_row_by_target")]

    def __str__(self) -> str:
        return self.label

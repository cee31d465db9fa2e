"""Who changed what (AuditEntry), and how people may enter (AccessEntry)."""

from django.db import models
from django.db.models import Q

from vendor_admin.organizations.models.organizations import Organization
from vendor_admin.organizations.tenancy.scope import ScopedManager

_NOBODY = Q(actor="") | Q(actor_kind="") | Q(actor_id="")


class AuditEntry(models.Model):
    """Who changed what, from what to what, and why. Append-only: the app role has no right to change or delete rows.

    Its id and time are the database's. Soon after its transaction it is sealed (audit_chain.py).
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=200, help_text="Whoever acted, as people read it.")
    actor_kind = models.CharField(max_length=10, help_text="staff, member, program or system.")
    actor_id = models.CharField(max_length=200, help_text="Which one of its kind.")
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=300, help_text="What it is about, as people read it.")
    subject_kind = models.CharField(
        max_length=20, default="", db_default="", help_text="plan, operation, reading; empty: nothing with a number."
    )
    subject_id = models.CharField(max_length=64, default="", db_default="", help_text="Which one of its kind.")
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)
    reason = models.TextField(default="")
    request_id = models.CharField(max_length=64, default="", help_text="Ours, made for each request.")
    caller_request_id = models.CharField(
        max_length=64, default="", db_default="", help_text="What the caller sent as X-Request-ID: proves nothing."
    )
    position = models.BigIntegerField(
        null=True, editable=False, help_text="Its number in its organization's chain; empty until it is sealed."
    )
    sealed_at = models.DateTimeField(null=True, editable=False)
    digest = models.BinaryField(null=True, help_text="SHA-256 of the digest of the row before and of this row.")

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["-id"]
        verbose_name_plural = "audit entries"
        constraints = [
            models.CheckConstraint(condition=~_NOBODY, name="audit_names_somebody"),
            models.CheckConstraint(
                condition=Q(subject_kind="", subject_id="") | ~Q(subject_kind="") & ~Q(subject_id=""),
                name="audit_subject_has_kind_and_id",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-id"], name="audit_by_organization"),
            models.Index(fields=["organization", "id"], name="audit_not_sealed", condition=Q(position__isnull=True)),
            models.Index(fields=["organization", "position"], name="audit_chain", condition=Q(position__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class AccessEntry(models.Model):
    """Who changed how a person may enter, over all organizations; operators, who belong to none, stand here alone.

    Append-only like the audit, and written by audit.record_access.
    """

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=200, help_text="Whoever acted, as people read it.")
    actor_kind = models.CharField(max_length=10, help_text="staff, member, program or system.")
    actor_id = models.CharField(max_length=200, help_text="Which one of its kind.")
    action = models.CharField(max_length=100)
    subject = models.CharField(max_length=300, help_text="The user name of the person.")
    old = models.JSONField(default=dict)
    new = models.JSONField(default=dict)
    reason = models.TextField(default="")
    request_id = models.CharField(max_length=64, default="")
    caller_request_id = models.CharField(max_length=64, default="")

    class Meta:
        ordering = ["-id"]
        constraints = [models.CheckConstraint(condition=~_NOBODY, name="access_names_somebody")]
        verbose_name = "change of access"
        verbose_name_plural = "changes of access"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"

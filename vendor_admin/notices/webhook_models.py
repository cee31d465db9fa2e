"""Where partners are told of events (EventWebhook), each telling (WebhookDelivery), and how far the log was told.

Verbs are in event_webhooks/.
"""

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.organization_rows import OrganizationRow
from vendor_admin.organizations.platform_access.addresses import host_of


class EventWebhook(OrganizationRow):
    """An address of a partner that events are sent to, and which of them.

    `secret` is as a notice channel's. Only events behind (`from_tx`, `from_id`) are sent: what happened before it was
    there, or while it was off, is not. `not_before` and `failing_since` say that nothing has arrived for a while.
    """

    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, default="", blank=True)
    event_types = ArrayField(models.CharField(max_length=80), default=list)
    is_with_object = models.BooleanField(default=False)
    secret = EncryptedJSONField(default=dict, blank=True)
    secret_changed_at = models.DateTimeField(null=True)
    is_enabled = models.BooleanField(default=True)
    off_because = models.CharField(max_length=500, default="", blank=True)
    problem = models.CharField(max_length=500, default="", blank=True, help_text="What the last attempt failed of.")
    failing_since = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True, help_text="When something last arrived.")
    not_before = models.DateTimeField(null=True, help_text="Until when nothing is tried, as nothing arrives.")
    tries_in_vain = models.PositiveIntegerField(default=0)
    from_tx = models.BigIntegerField(default=0)
    from_id = models.BigIntegerField(default=0)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta(OrganizationRow.Meta):
        abstract = False
        verbose_name = "event webhook"
        indexes = [models.Index(fields=["organization", "-id"], name="event_webhook_by_org")]

    def __str__(self) -> str:
        return f"webhook at {host_of(self.url)}"


class WebhookFeed(OrganizationRow):
    """How far an organization's events were made into deliveries. It moves in the transaction that makes them.

    `version` grows with each event: receivers drop what is older than what they have.
    """

    life = models.CharField(max_length=32)
    tx = models.BigIntegerField(default=0)
    row_id = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    version = models.BigIntegerField(default=0)

    class Meta(OrganizationRow.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["organization"], name="one_webhook_feed")]

    def __str__(self) -> str:
        return f"events until {self.at}"


class WebhookDelivery(OrganizationRow):
    """One event to one webhook: the outbox and the log. The body is fixed when it is made; each try has the same
    `message_id`. Those of one `subject` (an account) are sent one after the other.

    `answers` has each try: when, the status, what the receiver said, how long it took.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "delivered"
        FAILED = "failed", "given up"
        WITHDRAWN = "withdrawn", "not needed any more"

    webhook = models.ForeignKey(EventWebhook, models.CASCADE, related_name="deliveries", db_index=False)
    event_id = models.BigIntegerField(null=True)
    event_type = models.CharField(max_length=80)
    subject = models.CharField(max_length=120)
    version = models.BigIntegerField(default=0)
    message_id = models.UUIDField(default=uuid.uuid4)
    body = models.TextField()
    is_resend = models.BooleanField(default=False)
    state = models.CharField(max_length=9, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    first_failed_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=32, default="", blank=True)
    claimed_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=500, default="", blank=True, help_text="What the last try came to.")
    answers = models.JSONField(default=list)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        abstract = False
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["webhook", "id"], condition=Q(state="waiting"), name="webhook_waiting"),
            models.Index(fields=["webhook", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["webhook", "created_at"], name="webhook_delivery_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.event_type} to webhook {self.webhook_id}"

    @property
    def header_id(self) -> str:
        """What the header webhook-id says."""
        return f"msg_{self.message_id.hex}"

    @property
    def next_try_at(self) -> datetime | None:
        """When it goes out at the earliest, where it waits."""
        return self.not_before if self.state == self.State.WAITING else None

"""What somebody should know (Notice), whom it is told (NoticeChannel), and each telling (Delivery).

Notices are opened and closed by watcher.py, told by delivery.py; people acknowledge them and look after channels.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Q, When

from vendor_admin.notices.webhook_models import EventWebhook, WebhookDelivery, WebhookFeed
from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.organization_rows import OrganizationRow
from vendor_admin.organizations.platform_access.addresses import host_of

__all__ = ["Delivery", "EventWebhook", "Notice", "NoticeChannel", "NoticeKind", "WebhookDelivery", "WebhookFeed"]


class NoticeKind(models.TextChoices):
    """What a notice is about."""

    SOCKET_DOWN = "socket_down", "socket down"
    WRONG_HOST = "wrong_host", "host refused or not reached"
    NOT_STORED = "not_stored", "events are not stored"
    LOCKED = "locked", "captcha or lock"
    PLAN_FAILED = "plan_failed", "failed plan"
    NOT_SENT = "not_sent", "confirmed plan that was not sent"
    NEEDS_DECISION = "needs_decision", "operation needs a decision"
    NEEDS_APPROVAL = "needs_approval", "plan waits for approval"
    WRONG_CLOCK = "wrong_clock", "wrong clock of a server"
    RESTORED = "restored", "restored database"
    LOG_UPKEEP = "log_upkeep", "upkeep of the event log"
    MANY_ABSENT = "many_absent", "many entities are not listed"
    NO_WORKER = "no_worker", "queue without a worker"
    WEBHOOK_FAILS = "webhook_fails", "webhook fails or is off"
    KEY_LEAKED = "key_leaked", "key of the partner API in an address"


class Notice(OrganizationRow):
    """One thing that is wrong, or waits: at most one open notice for each subject.

    What is wrong now is a row at once, but opens (shows, and is told) only once it has lasted as long as its kind
    asks for. `seen` holds for each of its parts (sockets, for instance) since when it was seen to be wrong. `times` is
    how often it came back since it opened.
    """

    kind = models.CharField(max_length=16, choices=NoticeKind)
    subject = models.CharField(max_length=100, help_text='What it is about within its kind, e.g. "demo", "plan 12".')
    title = models.CharField(max_length=300)
    text = models.TextField(default="")
    next_step = models.TextField(default="")
    path = models.CharField(max_length=300, default="", help_text="The page of this site to look at.")
    seen = models.JSONField(default=dict)
    opened_at = models.DateTimeField(null=True)
    times = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=200, default="")
    closed_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=300, default="", help_text="How it ended, in a sentence.")
    standing = models.GeneratedField(
        expression=Case(
            When(opened_at__isnull=True, then=-1),
            When(closed_at__isnull=False, then=0),
            When(acknowledged_at__isnull=False, then=1),
            default=2,
        ),
        output_field=models.SmallIntegerField(),
        db_persist=True,
        help_text="What a list shows first: open, acknowledged, closed. Below 0: has not lasted long enough.",
    )

    OPEN, ACKNOWLEDGED, CLOSED = 2, 1, 0

    class Meta(OrganizationRow.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "subject"],
                condition=Q(closed_at__isnull=True),
                name="one_open_notice_per_subject",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(opened_at__isnull=False), name="what_closed_was_open"
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-standing", "-id"], name="notice_open_first"),
            models.Index(fields=["organization", "kind", "subject", "-id"], name="notice_by_subject"),
        ]

    def __str__(self) -> str:
        return self.title


class NoticeChannel(OrganizationRow):
    """Where an organization's notices go beside the admin: addresses of people, or the URL of a program.

    `secret` holds the webhook's signing secret as `current`, and after a change for a day the one before as `previous`.
    """

    class Medium(models.TextChoices):
        EMAIL = "email", "e-mail"
        WEBHOOK = "webhook", "webhook"

    medium = models.CharField(max_length=7, choices=Medium)
    addresses = ArrayField(models.EmailField(), default=list, blank=True)
    url = models.CharField(max_length=500, default="")
    secret = EncryptedJSONField(default=dict, blank=True)
    secret_changed_at = models.DateTimeField(null=True)
    kinds = ArrayField(models.CharField(max_length=16, choices=NoticeKind), default=list)
    is_enabled = models.BooleanField(default=True)
    problem = models.CharField(max_length=500, default="", help_text="What the last attempt failed of.")
    failing_since = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta(OrganizationRow.Meta):
        indexes = [models.Index(fields=["organization", "-id"], name="notice_channel_by_org")]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Whom it reaches, without the part of a URL that may be a secret."""
        if self.medium == self.Medium.WEBHOOK:
            return f"webhook at {host_of(self.url)}"
        others = f" and {len(self.addresses) - 1} more" if len(self.addresses) > 1 else ""
        return f"{self.addresses[0]}{others}" if self.addresses else "nobody"


class Delivery(OrganizationRow):
    """One message to one channel: the outbox. Sent at least once, each time with the same `message_id`."""

    class Event(models.TextChoices):
        OPENED = "opened", "opened"
        RESOLVED = "resolved", "resolved"
        TEST = "test", "test"

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        SENT = "sent", "delivered"
        FAILED = "failed", "given up"
        SUPERSEDED = "superseded", "not needed any more"

    channel = models.ForeignKey(NoticeChannel, models.CASCADE, related_name="deliveries")
    notice = models.ForeignKey(Notice, models.CASCADE, null=True, related_name="deliveries")
    event = models.CharField(max_length=8, choices=Event)
    message_id = models.UUIDField(default=uuid.uuid4)
    message = models.JSONField(help_text="What it says, fixed when it was made: see messages.py.")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField()
    claimed_by = models.CharField(max_length=32, default="")
    claimed_until = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=500, default="", help_text="What the last attempt came to.")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="waiting"), name="delivery_waiting"),
            models.Index(fields=["channel", "-id"], name="delivery_by_channel"),
            models.Index(fields=["notice", "channel", "-id"], name="delivery_by_notice"),
        ]

    def __str__(self) -> str:
        return f"{self.event} to channel {self.channel_id}"

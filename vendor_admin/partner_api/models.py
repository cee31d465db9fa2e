"""What the partner API keeps: its keys, the answers to requests that may be repeated, how many came, and a log.

Verbs of keys are in keys/, of saved answers in idempotency/, of counts in throttling/, of the log in request_log/.
"""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from vendor_admin.organizations.actors import Actor, ActorKind
from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.models import ENVIRONMENTS
from vendor_admin.organizations.organization_rows import OrganizationRow

DIGEST_LENGTH = 64
LONGEST_IDEMPOTENCY_KEY = 255
LONGEST_EXTERNAL_ID = 200


class ApiKey(OrganizationRow):
    """A key by which a program calls the partner API in the organization's name. Only its SHA-256 is kept.

    `public_id` names it in the audit, in logs and on pages. While a key is rolled, the one before works until
    `previous_ends_at`. An empty list of `allowed_addresses` allows calls from everywhere.
    """

    public_id = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    is_test = models.BooleanField(default=False)
    digest = models.CharField(max_length=DIGEST_LENGTH)
    ending = models.CharField(max_length=4, help_text="The last letters of the key, by which people tell it apart.")
    previous_digest = models.CharField(max_length=DIGEST_LENGTH, default="", blank=True)
    previous_ends_at = models.DateTimeField(null=True, blank=True)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    allowed_addresses = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    version = models.CharField(max_length=10, help_text="The date of the API's version that its answers follow.")
    is_revoked_when_leaked = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    rolled_at = models.DateTimeField(null=True, blank=True)
    rolled_by = models.CharField(max_length=200, default="", blank=True)

    class Meta(OrganizationRow.Meta):
        abstract = False
        verbose_name = "API key"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "digest"], name="one_row_per_api_key"),
            models.UniqueConstraint(fields=["organization", "public_id"], name="one_api_key_per_public_id"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "previous_digest"],
                name="api_key_by_previous",
                condition=~Q(previous_digest=""),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.ending})"

    @property
    def actor(self) -> Actor:
        """The program behind the key as the audit names it."""
        return Actor(ActorKind.PROGRAM, self.public_id, f"API key {self.name}")

    @staticmethod
    def working(*, now: datetime) -> Q:
        """Keys that may be used now."""
        return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))

    def works(self, *, now: datetime) -> bool:
        """Whether it may be used now."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    def is_text(self, digest: str, *, now: datetime) -> bool:
        """Whether a digest is of the key's text, or of the one before while that still works."""
        if digest == self.digest:
            return True
        return digest == self.previous_digest and self.previous_ends_at is not None and self.previous_ends_at > now


class CredentialLeak(OrganizationRow):
    """A program's key or token that was sent in an address, one row a day. Notices tell the owners (access/leaks.py).

    `is_ended` says that it works no more because of that; `handled_at` that somebody gave the program another one.
    """

    program = models.CharField(max_length=200, help_text="The key's public id, or the client id.")
    label = models.CharField(max_length=200)
    day = models.DateField()
    noted_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)
    address = models.GenericIPAddressField(null=True)
    is_ended = models.BooleanField(default=False)
    handled_at = models.DateTimeField(null=True)

    class Meta(OrganizationRow.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["organization", "program", "day"], name="one_credential_leak_per_day")
        ]
        indexes = [models.Index(fields=["organization", "noted_at"], name="credential_leak_by_time")]

    def __str__(self) -> str:
        return f"{self.label} in an address"


class SavedAnswer(OrganizationRow):
    """The answer to a write, kept under the idempotency key that its caller chose, and given again to the same request.

    It is written in the transaction of the write itself: either both are there or neither is.
    """

    key = models.CharField(max_length=LONGEST_IDEMPOTENCY_KEY)
    caller = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=DIGEST_LENGTH)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = EncryptedJSONField(default=dict, help_text="Encrypted: an answer may hold what is shown once.")
    saved_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta(OrganizationRow.Meta):
        abstract = False
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="one_answer_per_idempotency_key")]
        indexes = [models.Index(fields=["organization", "expires_at"], name="saved_answer_by_end")]

    def __str__(self) -> str:
        return f"answer to {self.key}"


class RequestCount(OrganizationRow):
    """How many requests a caller sent in one minute; an empty caller counts those of the whole organization."""

    caller = models.CharField(max_length=200, default="", blank=True)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta(OrganizationRow.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(fields=["organization", "caller", "minute"], name="one_count_per_caller_and_minute")
        ]
        indexes = [models.Index(fields=["organization", "minute"], name="request_count_by_minute")]

    def __str__(self) -> str:
        return f"{self.count} requests of {self.caller or 'all'}"


class RequestLogEntry(OrganizationRow):
    """One request to the partner API and its answer. Secrets in addresses and bodies are masked before they are kept.

    `code` is the problem's code where the answer is a problem. `duration` is in milliseconds.
    """

    at = models.DateTimeField()
    request_id = models.CharField(max_length=64)
    caller = models.CharField(max_length=200)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=500)
    query = models.CharField(max_length=2000, default="", blank=True)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=60, default="", blank=True)
    duration = models.PositiveIntegerField()
    address = models.GenericIPAddressField(null=True, blank=True)
    version = models.CharField(max_length=10, default="", blank=True)
    idempotency_key = models.CharField(max_length=LONGEST_IDEMPOTENCY_KEY, default="", blank=True)
    is_replay = models.BooleanField(default=False)
    location = models.CharField(max_length=200, default="", blank=True, help_text="What the answer led to: a plan.")
    request_body = models.TextField(default="", blank=True)
    answer_body = models.TextField(default="", blank=True)

    class Meta(OrganizationRow.Meta):
        abstract = False
        verbose_name = "API request"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organization", "-id"], name="api_request_newest"),
            models.Index(fields=["organization", "request_id"], name="api_request_by_id"),
            models.Index(fields=["organization", "caller", "-id"], name="api_request_by_caller"),
            models.Index(fields=["organization", "status", "-id"], name="api_request_by_status"),
            models.Index(fields=["organization", "path", "-id"], name="api_request_by_path"),
            models.Index(fields=["organization", "at"], name="api_request_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}: {self.status}"


class ExternalId(OrganizationRow):
    """What the partner calls a member or an account: unique within the organization and the kind.

    Members have one platform id in both environments: theirs has no `environment`.
    """

    class Kind(models.TextChoices):
        MEMBER = "member", "member"
        ACCOUNT = "account", "account"

    kind = models.CharField(max_length=7, choices=Kind)
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS, default="", blank=True)
    entity_id = models.BigIntegerField("platform id")
    external_id = models.CharField(max_length=LONGEST_EXTERNAL_ID)
    set_at = models.DateTimeField()

    class Meta(OrganizationRow.Meta):
        abstract = False
        verbose_name = "external id"
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "external_id"], name="one_thing_per_external_id"),
            models.UniqueConstraint(
                fields=["organization", "kind", "environment", "entity_id"], name="one_external_id_per_thing"
            ),
        ]

    def __str__(self) -> str:
        return self.external_id

"""How the platform is reached for an organization (Connection), by which hosts and under which token."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.models.organizations import Organization
from vendor_admin.organizations.tenancy.scope import ScopedManager
from vendor_admin.tradovate.api_hosts import at_host
from vendor_admin.tradovate.enums import Environment

ENVIRONMENTS = [(Environment.DEMO.value, "DEMO"), (Environment.LIVE.value, "LIVE")]


class ConnectionManager(ScopedManager):
    """Connections that have not been removed."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(removed_at__isnull=True)


class Connection(models.Model):
    """How one organization reaches one environment of the platform. Verbs are in connections/verbs.py.

    `version` grows with each change; a hub that holds a socket of an older version closes it and opens a new one.
    A removed connection keeps its row without secrets: its sockets' gaps go on until it is added again.
    """

    class Sharding(models.TextChoices):
        NONE = "", "One socket"
        BY_ACCOUNT = "modAccountId", "By account (modAccountId)"
        BY_USER = "modUserId", "By user (modUserId)"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="connections")
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    rest_url = models.URLField("REST address", max_length=300, help_text="e.g. https://demo.tradovateapi.com/v1")
    websocket_url = models.CharField(
        "socket address", max_length=300, help_text="e.g. wss://demo.tradovateapi.com/v1/websocket"
    )
    credentials = EncryptedJSONField(default=dict, blank=True)
    entity_types = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Empty: all types that Vendor Admin mirrors.",
    )
    sharding = models.CharField(max_length=16, choices=Sharding, default=Sharding.NONE, blank=True)
    shard_count = models.PositiveSmallIntegerField(default=1)
    is_enabled = models.BooleanField("enabled", default=True, help_text="Off: the socket is closed within seconds.")
    version = models.PositiveIntegerField(default=1, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    check_report = models.JSONField(default=list, editable=False)
    check_requested_at = models.DateTimeField(null=True, editable=False)
    platform_host = models.CharField(
        max_length=300,
        default="",
        editable=False,
        help_text="Host in use, where it is another than the configured: named by the platform or accepted by staff.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects = ConnectionManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["organization", "environment"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "environment"], name="one_connection_per_environment"),
            models.CheckConstraint(
                condition=Q(shard_count__gte=1, shard_count__lte=50), name="between_1_and_50_shards"
            ),
            models.CheckConstraint(
                condition=Q(shard_count=1) | ~Q(sharding=""), name="several_shards_need_an_expression"
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(is_enabled=False, credentials=""),
                name="a_removed_connection_has_no_secrets",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization.name} {self.get_environment_display()}"

    @property
    def rest_url_in_use(self) -> str:
        """Where calls go: the configured address, at the organization's own host if one is known."""
        return at_host(self.rest_url, self.platform_host)

    @property
    def websocket_url_in_use(self) -> str:
        """Where sockets are opened."""
        return at_host(self.websocket_url, self.platform_host)


class PlatformHosts(models.Model):
    """What is known of the hosts of one connection's credentials (verbs in platform_hosts.py and host_search.py).

    The host in use stands in the connection itself, where hubs read it. `wrong_…`: the last answer of a host that does
    not serve the organization; `points_to`: where such an answer led last. `search_…`: what came of the last renewal
    made to learn the host. `away_…`: a host that was named and could not be reached, and when it is tried again.
    """

    connection = models.OneToOneField(Connection, models.CASCADE, primary_key=True, related_name="hosts")
    organization = models.ForeignKey(Organization, models.CASCADE)
    named = models.JSONField(default=dict, help_text="Hosts that the platform named, by purpose.")
    learned_at = models.DateTimeField(null=True)
    refused = models.JSONField(default=list, help_text="Hosts of the newest answer that are not used: what, why.")
    refused_at = models.DateTimeField(null=True)
    accepted_by = models.CharField(max_length=200, default="", help_text="Who accepted the host in use, if a person.")
    wrong_host = models.CharField(max_length=300, default="")
    wrong_status = models.PositiveSmallIntegerField(null=True)
    wrong_at = models.DateTimeField(null=True)
    points_to = models.CharField(max_length=300, default="")
    search_host = models.CharField(max_length=300, default="")
    search_result = models.CharField(max_length=10, default="")
    search_at = models.DateTimeField(null=True)
    last_good = models.CharField(  # noqa: DJ001 - empty is a value, the configured host
        max_length=300,
        null=True,
        help_text="The connection's platform_host before the present one, until that has worked; null from then on.",
    )
    away_host = models.CharField(max_length=300, default="", db_default="")
    away_why = models.TextField(default="", db_default="")
    away_at = models.DateTimeField(null=True)
    away_until = models.DateTimeField(null=True)
    away_tries = models.PositiveSmallIntegerField(default=0, db_default=0)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"

    def __str__(self) -> str:
        return f"hosts of {self.connection}"


class PlatformSession(models.Model):
    """The one access token of a credential at one host, shared by the whole installation (verbs in tokens.py).

    Who may log in or renew is claimed by a conditional UPDATE of `renewing_until` and `renewing_holder`.
    """

    organization = models.ForeignKey(Organization, models.CASCADE)
    rest_url = models.CharField(max_length=300)
    credential_digest = models.CharField(
        max_length=64, help_text="HMAC of user name and key id; identifies, reveals nothing."
    )
    token = EncryptedJSONField(default=dict)
    expires_at = models.DateTimeField(null=True)
    platform_user_id = models.BigIntegerField(null=True)
    renewing_until = models.DateTimeField(null=True)
    renewing_holder = models.CharField(max_length=64, default="")
    refused_reason = models.TextField(
        default="", help_text="Set when a login was refused: no further login until changed."
    )
    refused_version = models.PositiveIntegerField(null=True)
    renewal_problem = models.TextField(default="", help_text="Why the last renewal failed, while the token is good.")
    renewal_failed_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "rest_url", "credential_digest"], name="one_session_per_credential"
            )
        ]

    def __str__(self) -> str:
        return f"session at {self.rest_url}"

    def is_usable(self, *, now: datetime) -> bool:
        """Whether the stored token may still be sent."""
        return bool(self.token) and self.expires_at is not None and self.expires_at > now

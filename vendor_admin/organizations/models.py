"""Who uses the installation (User, StaffRole), for which company (Organization), and how the platform is reached
(Connection).
"""

import uuid
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.tenancy.scope import ScopedManager
from vendor_admin.organizations.user_names import refuse_name
from vendor_admin.tradovate.api_hosts import at_host
from vendor_admin.tradovate.enums import Environment

ENVIRONMENTS = [(Environment.DEMO.value, "DEMO"), (Environment.LIVE.value, "LIVE")]


class User(AbstractUser):
    """A person. Operators run the installation, staff work for organizations, members trade (and have no password
    here).
    """

    class Kind(models.TextChoices):
        OPERATOR = "operator", "Operator"
        STAFF = "staff", "Vendor staff"
        MEMBER = "member", "Member"

    kind = models.CharField(max_length=8, choices=Kind, default=Kind.STAFF)
    time_zone = models.CharField(max_length=64, default="America/Chicago", help_text="Times are shown in this zone.")
    is_simulated = models.BooleanField(default=False, editable=False, help_text="Made by seed_demo for demo data.")
    session_epoch = models.PositiveIntegerField(
        default=0, editable=False, help_text="Grows when the second factor changes: that ends all sessions."
    )

    verified_email = models.EmailField(  # noqa: DJ001 - no two users have the same, and most have none
        null=True,
        unique=True,
        editable=False,
        help_text="The address that was proven to be theirs, in small letters.",
    )

    class Meta(AbstractUser.Meta):
        constraints = [
            models.CheckConstraint(condition=Q(is_staff=False) | ~Q(kind="member"), name="members_are_never_staff"),
            models.CheckConstraint(
                condition=Q(is_superuser=False) | Q(kind="operator"), name="only_operators_are_superusers"
            ),
            # Keys of other actors have one (actors.py): a name must not read as one of them.
            models.CheckConstraint(condition=~Q(username__contains=":"), name="user_names_hold_no_colon"),
        ]

    def clean(self) -> None:
        """What people may give as a user's name; the one that a user has already may stay."""
        super().clean()
        if not User.objects.filter(pk=self.pk, username=self.username).exists():
            refuse_name(self.username)

    @property
    def is_operator(self) -> bool:
        return self.kind == self.Kind.OPERATOR

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must carry to be this user's: a new password or a new epoch ends the ones before."""
        made = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]
        return f"{made}.{self.session_epoch}" if self.session_epoch else made


class SecondFactorMemory(models.Model):
    """What is remembered of a staff user's codes between sign-ins (verbs in second_factor.py and codes.py).

    The secrets themselves are in allauth's Authenticator, encrypted.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="second_factor_memory")
    newest_step = models.BigIntegerField(default=0, help_text="Time step of the newest code used: none works twice.")
    wrong_codes = models.PositiveIntegerField(default=0, help_text="In a row, since the last right one.")
    closed_until = models.DateTimeField(null=True)
    notice = models.TextField(default="", help_text="What the person is told at the next sign-in: who reset it, why.")

    def __str__(self) -> str:
        return f"second factor of {self.user}"


class Organization(models.Model):
    """A vendor: one company that runs trading programmes on the platform."""

    slug = models.SlugField(unique=True, help_text="Short name in addresses and commands, e.g. alpha-funding.")
    name = models.CharField(max_length=200)
    is_simulated = models.BooleanField(
        default=False, help_text="Demo data against the sandbox. Removed by `manage.py remove_demo_data`."
    )
    billing_account_id = models.BigIntegerField(
        null=True,
        blank=True,
        help_text="Platform id of the LIVE account that pays for subscriptions. Empty: the one named …_DATA.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class StaffRole(models.Model):
    """What a staff user may do in one organization (the table of rights is in roles.py)."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer"
        SUPPORT = "support", "Support"
        RISK = "risk", "Risk"
        FINANCE = "finance", "Finance"
        OWNER = "owner", "Owner"

    user = models.ForeignKey(User, models.CASCADE, related_name="staff_roles")
    organization = models.ForeignKey(Organization, models.CASCADE, related_name="staff_roles")
    role = models.CharField(max_length=8, choices=Role, default=Role.VIEWER)
    role_since = models.DateTimeField(
        null=True, editable=False, help_text="Since when it is this role; empty: since before that was kept."
    )

    class Meta:
        ordering = ["organization__name"]
        constraints = [models.UniqueConstraint(fields=["user", "organization"], name="one_role_per_organization")]

    def __str__(self) -> str:
        return f"{self.get_role_display()} of {self.organization}"


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


class BudgetUse(models.Model):
    """One call drawn from a sliding-window budget (verbs in budgets.py)."""

    key = models.CharField(max_length=200)
    used_at = models.DateTimeField()
    # While the call is on its way, if its draw may be forgotten where nobody tells what came of it.
    runs_out_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["key", "used_at"], name="budget_use_key")]

    def __str__(self) -> str:
        return self.key


class RateLock(models.Model):
    """A key for which no call may go out before `until`: penalty, 429, 423, captcha. Survives restarts."""

    key = models.CharField(max_length=200, primary_key=True)
    until = models.DateTimeField()
    reason = models.TextField()
    ticket = EncryptedJSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.key} until {self.until:%Y-%m-%d %H:%M}"


class HostClock(models.Model):
    """A host whose clock was found to differ from the database's (verbs in host_clocks.py)."""

    host = models.CharField(max_length=200, primary_key=True)
    ahead_seconds = models.FloatField(help_text="Negative: it is behind.")
    measured_at = models.DateTimeField(help_text="By the database's clock.")

    def __str__(self) -> str:
        return self.host


class Incarnation(models.Model):
    """One life of this database, until it is restored or a standby takes over; the newest is the present one (verbs in
    incarnations.py).

    While `settled_at` is not set, what was unfinished before is still being marked, and no operation is sent.
    """

    token = models.UUIDField(default=uuid.uuid4, unique=True)
    system_identifier = models.CharField(max_length=20, default="", help_text="Of the server; empty: not told.")
    timeline = models.CharField(max_length=8, default="")
    database_oid = models.CharField(max_length=10, default="")
    is_first = models.BooleanField(default=False, help_text="The database was new: nothing was unfinished before.")
    why = models.CharField(max_length=300, help_text="What showed that it is another one, for people.")
    began_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    beat = models.BigIntegerField(default=0, help_text="Grows while workers run: an older state has a smaller one.")
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}: {self.why}"


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

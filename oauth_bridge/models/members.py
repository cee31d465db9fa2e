"""How members sign in at the platform (PlatformClient, SignInAttempt), who they are here (MemberLink, MemberSession),
and what their pages look like (MemberSite). Those of portals are in portals.py.
"""

from datetime import datetime

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from vendor_admin.organizations.actors import Actor, ActorKind
from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.models import ENVIRONMENTS, Organization, User
from vendor_admin.organizations.tenancy.scope import ScopedManager


class PlatformClient(models.Model):
    """The OAuth client that the platform gave an organization. Verbs are in clients.py.

    The documents disagree about the exchange, so its address and the encoding of its body are settings. Sign-in works
    on the LIVE host also for those who trade on DEMO; the environment says whose user ids the platform names.
    """

    class Encoding(models.TextChoices):
        FORM = "form", "Form fields"
        JSON = "json", "JSON"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    client_id = models.CharField("client id", max_length=200)
    secret = EncryptedJSONField(default=dict)
    authorize_url = models.CharField("sign-in address", max_length=300)
    exchange_url = models.CharField("exchange address", max_length=300)
    rest_url = models.CharField("REST address", max_length=300)
    encoding = models.CharField("exchange sends", max_length=4, choices=Encoding, default=Encoding.FORM)
    live_host = models.CharField(
        max_length=300,
        default="",
        editable=False,
        help_text="LIVE host that the platform named, where it is another than that of the REST address.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    worked_at = models.DateTimeField(null=True, editable=False)
    problem = models.TextField(default="", editable=False)
    problem_at = models.DateTimeField(null=True, editable=False)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = "sign-in client"
        ordering = ["-environment"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "environment"], name="one_client_per_environment")
        ]

    def __str__(self) -> str:
        return f"{self.get_environment_display()} client {self.client_id}"


class MemberSite(models.Model):
    """How an organization's member pages look, and whom members ask for help. Without a row: its name alone."""

    organization = models.OneToOneField(Organization, models.CASCADE, related_name="+")
    title = models.CharField("name on the pages", max_length=80, blank=True)
    colour = models.CharField(
        max_length=7, default="#1d4f91", validators=[RegexValidator(r"^#[0-9a-f]{6}\Z", "Write it as #1d4f91.")]
    )
    logo = models.BinaryField(default=b"", editable=False)
    logo_type = models.CharField(max_length=20, default="", editable=False)
    help_text = models.CharField("whom members ask", max_length=300, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = "look of the member pages"
        verbose_name_plural = "looks of the member pages"

    def __str__(self) -> str:
        return self.title or "Member pages"


class SignInAttempt(models.Model):
    """One departure to the platform: good for one return of the same browser within ten minutes (attempts.py).

    State and browser are kept by SHA-256, the PKCE verifier encrypted until it is used.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    state_digest = models.CharField(max_length=64)
    browser_digest = models.CharField(max_length=64)
    verifier = EncryptedJSONField(default=dict)
    next_address = models.CharField(max_length=2000, default="")
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        constraints = [models.UniqueConstraint(fields=["organization", "state_digest"], name="one_attempt_per_state")]
        indexes = [models.Index(fields=["organization", "started_at"], name="attempt_by_age")]

    def __str__(self) -> str:
        return f"sign-in begun {self.started_at:%Y-%m-%d %H:%M}"


class MemberLink(models.Model):
    """A member who signed in at the platform: their tokens, and their user here. Verbs are in links.py, renewal.py.

    Who may refresh the tokens is claimed by a conditional UPDATE of `renewing_until` and `renewing_holder`: the refresh
    token changes at each use, and two refreshes with the same one kill the link.
    """

    class State(models.TextChoices):
        LINKED = "linked", "Linked"
        NEEDS_SIGN_IN = "needs_sign_in", "Needs sign-in"
        DISCONNECTED = "disconnected", "Disconnected"

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    environment = models.CharField(max_length=4, choices=ENVIRONMENTS)
    platform_user_id = models.BigIntegerField("platform user id")
    user = models.OneToOneField(User, models.CASCADE, related_name="member_link")
    state = models.CharField(max_length=13, choices=State, default=State.LINKED)
    tokens = EncryptedJSONField(default=dict)
    tokens_origin = models.CharField(
        max_length=320, default="", help_text="Scheme, host and port that gave the tokens; they are sent nowhere else."
    )
    access_expires_at = models.DateTimeField(null=True)
    refresh_expires_at = models.DateTimeField(null=True)
    renew_at = models.DateTimeField(null=True)
    renewing_until = models.DateTimeField(null=True)
    renewing_holder = models.CharField(max_length=32, default="")
    refusals = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(default="")
    name = models.CharField(max_length=200, default="")
    full_name = models.CharField(max_length=200, default="")
    email = models.CharField(max_length=254, default="")
    email_verified = models.BooleanField(default=False)
    identity_at = models.DateTimeField(null=True)
    linked_at = models.DateTimeField()
    signed_in_at = models.DateTimeField()

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        verbose_name = "linked member"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "environment", "platform_user_id"], name="one_link_per_platform_user"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["needs_sign_in", "disconnected"]) | Q(tokens=""),
                name="only_a_linked_member_has_tokens",
            ),
        ]
        indexes = [models.Index(fields=["organization", "renew_at"], name="link_by_renewal")]

    def __str__(self) -> str:
        return self.name or f"user {self.platform_user_id}"

    @property
    def actor(self) -> Actor:
        """The member as the audit names them."""
        return Actor(ActorKind.MEMBER, self.subject, f"member {self}")

    @property
    def subject(self) -> str:
        """The member's name for programs: never another person's, and the same for ever."""
        return f"{self.organization_id}-{self.environment}-{self.platform_user_id}"

    @property
    def is_linked(self) -> bool:
        return self.state == self.State.LINKED

    @property
    def needs_sign_in(self) -> bool:
        return self.state == self.State.NEEDS_SIGN_IN


class MemberSession(models.Model):
    """One browser that a member is signed in with. Its Django session is worth nothing once this has ended."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    link = models.ForeignKey(MemberLink, models.CASCADE, related_name="sessions")
    key_digest = models.CharField(max_length=64)
    browser = models.CharField(max_length=100, default="")
    address = models.GenericIPAddressField(null=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["-id"]
        indexes = [models.Index(fields=["organization", "expires_at"], name="session_by_end")]

    def __str__(self) -> str:
        return self.browser or f"session {self.pk}"

    def is_open(self, *, now: datetime) -> bool:
        """Whether it still lets its browser in."""
        return self.ended_at is None and self.expires_at > now

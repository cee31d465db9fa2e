"""Portals that sign members in through us or use the partner API, what members allowed them, and what they hold.

The toolkit's own tables are not used: its Application is swapped for Portal, the rest for these, so that each row
belongs to an organization, stands behind its policies, and holds no secret that could be used.
"""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from jwcrypto.jwk import JWK
from oauth2_provider.models import AbstractApplication

from vendor_admin.organizations.actors import Actor, ActorKind
from vendor_admin.organizations.encryption import EncryptedJSONField
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import ScopedManager

DIGEST_LENGTH = 64


class SigningKey(models.Model):
    """A key that signs the ID tokens of an organization. Verbs are in keys.py.

    The newest that is not retired signs; a retired one stays published until what it signed has ended.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    kid = models.CharField(max_length=64)
    private = EncryptedJSONField(default=dict)
    made_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["organization", "kid"], name="one_signing_key_per_kid")]

    def __str__(self) -> str:
        return f"signing key {self.kid[:8]}"

    @property
    def jwk(self) -> JWK:
        return JWK(**self.private)


class Portal(AbstractApplication):
    """A program of a partner: a portal that signs members in, or one that uses the partner API. Verbs: registry.py.

    `client_secret` is the SHA-256 of 256 random bits. What the toolkit would store beside that is fixed here.
    """

    class Kind(models.TextChoices):
        SIGN_IN = AbstractApplication.GRANT_AUTHORIZATION_CODE, "Signs members in"
        PROGRAM = AbstractApplication.GRANT_CLIENT_CREDENTIALS, "Uses the partner API"

    user = None
    client_type = AbstractApplication.CLIENT_CONFIDENTIAL
    algorithm = AbstractApplication.RS256_ALGORITHM
    registration_source = AbstractApplication.RegistrationSource.MANUAL
    hash_client_secret = False  # a digest is what is given to it
    skip_authorization = False
    post_logout_redirect_uris = ""
    allowed_origins = ""
    cimd_expires_at = None

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    client_id = models.CharField("client id", max_length=40)
    client_secret = models.CharField("secret", max_length=DIGEST_LENGTH)
    authorization_grant_type = models.CharField("kind", max_length=32, choices=Kind)
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    is_enabled = models.BooleanField("enabled", default=True)
    secret_made_at = models.DateTimeField()
    secret_made_by = models.CharField(max_length=200)
    used_at = models.DateTimeField(null=True)

    objects: ClassVar[ScopedManager] = ScopedManager()
    unscoped: ClassVar[models.Manager] = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "client_id"], name="one_portal_per_client_id"),
            models.UniqueConstraint(fields=["organization", "name"], name="one_portal_per_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def actor(self) -> Actor:
        """The portal or program as the audit names it."""
        return Actor(ActorKind.PROGRAM, self.client_id, f"portal {self}")

    @property
    def is_program(self) -> bool:
        return bool(self.authorization_grant_type == self.Kind.PROGRAM)

    @property
    def uris(self) -> list[str]:
        """The addresses that members may be sent back to."""
        return list(self.redirect_uris.split())

    @property
    def jwk_key(self) -> JWK:
        """What the toolkit signs ID tokens with."""
        return SigningKey.objects.filter(organization_id=self.organization_id, retired_at=None)[0].jwk

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Character for character; the toolkit would let loopback addresses vary their port."""
        return uri in self.uris

    def is_usable(self, request: Any) -> bool:
        return self.is_enabled


class PortalConsent(models.Model):
    """What a member allowed a portal to learn. Verbs are in consents.py."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="consents")
    link = models.ForeignKey("oauth_bridge.MemberLink", models.CASCADE, related_name="consents")
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    granted_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "portal", "link"], condition=Q(ended_at=None), name="one_consent_per_member"
            )
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"


class PortalCode(models.Model):
    """An authorization code: good for one exchange within a minute. All tokens that come of it are one family."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="codes")
    consent = models.ForeignKey(PortalConsent, models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=DIGEST_LENGTH)
    family = models.UUIDField()
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    redirect_uri = models.CharField(max_length=500)
    code_challenge = models.CharField(max_length=128)
    nonce = models.CharField(max_length=255, default="")
    signed_in_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        constraints = [models.UniqueConstraint(fields=["organization", "digest"], name="one_row_per_portal_code")]
        indexes = [models.Index(fields=["organization", "expires_at"], name="portal_code_by_end")]

    def __str__(self) -> str:
        return f"code {self.pk}"


class PortalToken(models.Model):
    """An access token, kept by its SHA-256. Without a consent it is a program's own. Deleted when it is revoked."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="tokens")
    consent = models.ForeignKey(PortalConsent, models.CASCADE, null=True, related_name="tokens")
    family = models.UUIDField()
    digest = models.CharField(max_length=DIGEST_LENGTH)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        constraints = [models.UniqueConstraint(fields=["organization", "digest"], name="one_row_per_portal_token")]
        indexes = [
            models.Index(fields=["organization", "expires_at"], name="portal_token_by_end"),
            models.Index(fields=["organization", "family"], name="portal_token_by_family"),
        ]

    def __str__(self) -> str:
        return f"access token {self.pk}"

    def is_open(self, *, now: datetime) -> bool:
        return self.expires_at > now


class PortalRefreshToken(models.Model):
    """A refresh token, kept by its SHA-256: good for one use. A second use ends its whole family."""

    organization = models.ForeignKey(Organization, models.CASCADE, related_name="+")
    portal = models.ForeignKey(Portal, models.CASCADE, related_name="refresh_tokens")
    consent = models.ForeignKey(PortalConsent, models.CASCADE, related_name="refresh_tokens")
    family = models.UUIDField()
    digest = models.CharField(max_length=DIGEST_LENGTH)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = ScopedManager()
    unscoped = models.Manager()

    class Meta:
        base_manager_name = "unscoped"
        constraints = [models.UniqueConstraint(fields=["organization", "digest"], name="one_row_per_refresh_token")]
        indexes = [
            models.Index(fields=["organization", "expires_at"], name="portal_refresh_by_end"),
            models.Index(fields=["organization", "family"], name="portal_refresh_by_family"),
        ]

    def __str__(self) -> str:
        return f"refresh token {self.pk}"

    def is_open(self, *, now: datetime) -> bool:
        return self.used_at is None and self.ended_at is None and self.expires_at > now


class NotKept(models.Model):
    """Stands where the toolkit wants to name tables of ID tokens and device codes: neither is stored, and there is no
    such table."""

    class Meta:
        managed = False

    def __str__(self) -> str:
        return "nothing"

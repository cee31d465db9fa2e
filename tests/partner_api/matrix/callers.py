"""Everyone who may knock: credentials that must not get in, and keys with one scope more or less."""

import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from oauth_bridge.members.attempts import digest
from oauth_bridge.models import MemberLink, Portal, PortalConsent, PortalToken
from tests.partner_api.matrix.planted import Planted
from tests.support.partner_api.program import EVERY_SCOPE, ApiProgram
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.models import ApiKey


class Callers:
    """`outside`: each with the status that everything answers it. `with_scopes`: keys by their scopes, made once."""

    def __init__(self, planted: Planted) -> None:
        self.planted = planted
        self.outside: dict[str, tuple[ApiProgram, int]] = dict(self._outside())
        self._keys: dict[tuple[str, ...], ApiProgram] = {}

    def with_scopes(self, *scopes: str) -> ApiProgram:
        if scopes not in self._keys:
            program = ApiProgram.of(self.planted.organization, name=f"key {len(self._keys)}", scopes=scopes)
            self._keys[scopes] = program
        return self._keys[scopes]

    def without(self, *scopes: str) -> ApiProgram:
        return self.with_scopes(*(one for one in EVERY_SCOPE if one not in scopes))

    def without_scopes(self) -> ApiProgram:
        """A key that may do nothing. None can be made so; one may be left so when a scope goes."""
        program = ApiProgram.of(self.planted.organization, name="a key without scopes", scopes=EVERY_SCOPE[:1])
        self._change(program, scopes=[])
        return program

    def _outside(self) -> Iterator[tuple[str, tuple[ApiProgram, int]]]:
        organization = self.planted.organization
        yield "anonymous", (self._with_text(""), 401)
        yield "a made-up key", (self._with_text(f"vak_live_{organization.pk}_{'x' * 43}"), 401)
        expired = ApiProgram.of(organization, name="expired")
        self._change(expired, expires_at=timezone.now() - timedelta(minutes=1))
        yield "an expired key", (expired, 401)
        revoked = ApiProgram.of(organization, name="revoked")
        self._change(revoked, revoked_at=timezone.now())
        yield "a revoked key", (revoked, 401)
        yield "a member's token", (self._with_text(self._member_token()), 403)
        for role in StaffRole.Role.values:
            client = signed_in(staff_user(f"{role}-of-{organization.slug}", organization, role))
            yield f"the session of a {role}", (self._with_text("", client), 401)
        operator = User.objects.create_user("operator", password="pass-o", kind=User.Kind.OPERATOR, is_staff=True)
        yield "the session of an operator", (self._with_text("", signed_in(operator)), 401)

    def _with_text(self, text: str, client: Client | None = None) -> ApiProgram:
        return ApiProgram(self.planted.program.key, text, client or Client())

    def _change(self, program: ApiProgram, **values: Any) -> None:
        with organization_scope(self.planted.organization.pk):
            ApiKey.objects.filter(pk=program.key.pk).update(**values)

    def _member_token(self) -> str:
        """An access token by which a portal speaks for a member, with every scope that tokens can have."""
        organization, now, text = (
            self.planted.organization,
            timezone.now(),
            f"vat_{self.planted.organization.pk}_{'m' * 43}",
        )
        user = User.objects.create_user("member-of-a", password="pass-m", kind=User.Kind.MEMBER)
        with organization_scope(organization.pk):
            link = MemberLink.objects.create(
                organization=organization,
                environment="live",
                platform_user_id=self.planted.id_of("user"),
                user=user,
                linked_at=now,
                signed_in_at=now,
            )
            portal = Portal.objects.create(
                organization=organization,
                client_id="vac_portal",
                client_secret="x" * 64,
                authorization_grant_type=Portal.Kind.SIGN_IN,
                name="A portal",
                scopes=list(EVERY_SCOPE),
                secret_made_at=now,
                secret_made_by="staff:a",
                redirect_uris="https://portal.example/back",
            )
            consent = PortalConsent.objects.create(
                organization=organization, portal=portal, link=link, scopes=list(EVERY_SCOPE), granted_at=now
            )
            PortalToken.objects.create(
                organization=organization,
                portal=portal,
                consent=consent,
                family=uuid.uuid4(),
                digest=digest(text),
                scopes=list(EVERY_SCOPE),
                made_at=now,
                expires_at=now + timedelta(minutes=10),
            )
        return text

"""The partner API's door for access tokens of portals (settings.PARTNER_API_CREDENTIALS)."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from oauth_bridge.models import Portal
from oauth_bridge.portals import tokens
from vendor_admin.organizations.programs import Origin
from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.access.credentials import Leaked
from vendor_admin.partner_api.access.last_use import MAY_BE_LOST
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.scopes import rights_of_scopes
from vendor_admin.partner_api.versions import CURRENT_VERSION


class PortalTokens:
    """Access tokens by OAuth 2 client credentials, and those that speak for members, which the API refuses."""

    id_prefix = "vac_"

    def organization_id_of(self, credential: str) -> int | None:
        return tokens.organization_id_of(credential)

    def find(self, credential: str, *, address: str, now: datetime) -> Token | None:
        organization_id = tokens.organization_id_of(credential)
        if organization_id is None:
            return None
        with organization_scope(organization_id, settings=MAY_BE_LOST):
            found = tokens.find_access_token(credential, now=now)
            if found is None:
                return None
            tokens.note_use(portal=found.portal, consent=found.consent, now=now)
        return Token(
            actor=found.portal.actor,
            name=found.portal.name,
            organization=found.portal.organization,
            scopes=tuple(found.scopes),
            expires_at=found.expires_at,
            is_of_member=found.consent_id is not None,
            version=CURRENT_VERSION,
            key_id=found.portal.client_id,
        )

    def end_leaked(self, credential: str, *, now: datetime, request_id: str) -> Leaked | None:
        """A token is always ended: whoever it is of asks for another at once."""
        found = tokens.find_access_token(credential, now=now)
        if found is None:
            return None
        found.delete()
        return Leaked(found.portal.organization, found.portal.actor, is_ended=True)

    def rights_of(self, ids: Iterable[str]) -> Mapping[str, frozenset[Right]]:
        programs = Portal.objects.filter(authorization_grant_type=Portal.Kind.PROGRAM, is_enabled=True)
        rows = programs.filter(client_id__in=ids).values_list("client_id", "scopes")
        return {client_id: rights_of_scopes(scopes) for client_id, scopes in rows}

    def labels(self) -> Mapping[str, str]:
        return {portal.client_id: portal.actor.label for portal in Portal.objects.only("client_id", "name")}

    def origins(self) -> Mapping[str, Origin]:
        portals = Portal.objects.values_list("client_id", "secret_made_by", "secret_made_at")
        return {client_id: Origin(frozenset({made_by}), made_at) for client_id, made_by, made_at in portals}


PORTAL_TOKENS = PortalTokens()

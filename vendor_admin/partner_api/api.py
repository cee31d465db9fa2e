"""The partner API's first address: who calls."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.partner_api.authentication import Token


class Me(APIView):
    """The program behind the key or token, its organization and what it may do."""

    required_scopes: tuple[str, ...] = ()
    resource = "me"

    def get(self, request: Request) -> Response:
        token = cast(Token, request.auth)
        organization = token.organization
        return Response({
            "id": token.key_id,
            "name": token.name,
            "organization": {"id": str(organization.pk), "slug": organization.slug, "name": organization.name},
            "scopes": list(token.scopes),
            "rights": sorted(right.value for right in token.rights),
            "is_test": token.is_test,
            "version": token.version,
            "expires_at": _time(token),
        })  # fmt: skip


def _time(token: Token) -> str | None:
    return None if token.expires_at is None else token.expires_at.isoformat().replace("+00:00", "Z")

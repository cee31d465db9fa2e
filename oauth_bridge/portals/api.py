"""The partner API's first address: who a token is of."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_bridge.models import PortalToken


class Me(APIView):
    """The program behind the token, its organization and what it may do."""

    required_scopes: tuple[str, ...] = ()

    def get(self, request: Request) -> Response:
        token = cast(PortalToken, request.auth)
        organization = token.portal.organization
        return Response({
            "client_id": token.portal.client_id,
            "name": token.portal.name,
            "organization": {"slug": organization.slug, "name": organization.name},
            "scopes": token.scopes,
            "expires_at": token.expires_at.isoformat(),
        })  # fmt: skip

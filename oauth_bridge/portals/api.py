"""The partner API's first address: who a token is of."""

from typing import cast

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.partner_api.authentication import Token


class Me(APIView):
    """The program behind the token, its organization and what it may do."""

    required_scopes: tuple[str, ...] = ()

    def get(self, request: Request) -> Response:
        token = cast(Token, request.auth)
        return Response({
            "client_id": token.actor.id,
            "name": token.name,
            "organization": {"slug": token.organization.slug, "name": token.organization.name},
            "scopes": token.scopes,
            "expires_at": token.expires_at.isoformat(),
        })  # fmt: skip

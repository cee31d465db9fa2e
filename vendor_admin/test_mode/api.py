"""The partner API's address of test mode: back to the beginning."""

from typing import cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vendor_admin.errors import Refused
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency.views import IdempotentWrites
from vendor_admin.test_mode.reset import reset_test_organization

TEST_ONLY = "Only a test key may do this: one that begins with vak_test_, of an organization in test mode."


class ResetDone(serializers.Serializer):
    """What a reset came to."""

    reset_at = serializers.DateTimeField(help_text="When it was done.")
    changes = serializers.IntegerField(help_text="How many things differed from the beginning; 0 where nothing did.")


class ResetView(IdempotentWrites):
    """Put the test organization back to the members and accounts that it began with."""

    tag = "Test mode"
    required_scopes = {"POST": ("members:write",)}

    @extend_schema(operation_id="reset_test_organization", request=None, responses={200: ResetDone})
    def post(self, request: Request) -> Response:
        """Put the test organization back to its beginning.

        Whatever was done at its simulated platform is undone, open plans are cancelled, external ids forgotten. Test
        keys alone; doing it twice changes nothing more.
        """
        token, now = cast(Token, request.auth), database_clock.now()
        if not token.is_test or token.organization.test_of_id is None:
            raise Refused(TEST_ONLY, code="test_only")
        request_id = str(getattr(request._request, "request_id", ""))
        changes = reset_test_organization(test=token.organization, actor=token.actor, now=now, request_id=request_id)
        return Response(ResetDone({"reset_at": now, "changes": changes}).data)

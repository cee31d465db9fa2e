"""Sets and takes away the partner's own references to members and accounts, by the partner API."""

from typing import Any, ClassVar, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.members.api import Members
from accounts.trading_accounts.api import TradingAccounts
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.api.mirror_reading import MirrorReading
from vendor_admin.mirrors.external_ids import Kind, set_external_ids
from vendor_admin.operations.api.bodies import body_of
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.idempotency.views import IdempotentWrites
from vendor_admin.partner_api.models import LONGEST_EXTERNAL_ID
from vendor_admin.partner_api.reading.fields import PlatformId, Word
from vendor_admin.partner_api.reading.parameters import read_parameters
from vendor_admin.partner_api.reading.resources import Resource

BODY = {
    "type": "object",
    "properties": {
        "external_id": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": LONGEST_EXTERNAL_ID,
            "description": "Your own reference, unique in your organization; null takes it away.",
        }
    },
    "required": ["external_id"],
    "additionalProperties": False,
    "example": {"external_id": "crm-4711"},
}


class ExternalIdTold(Resource):
    """A member or an account with your own reference to it."""

    id = PlatformId(help_text="The platform's id.")
    external_id = Word(allow_null=True, help_text="Your own reference; null where there is none.")


class ExternalIdView(IdempotentWrites):
    """Your own reference to one thing."""

    kind: ClassVar[Kind]
    reading: ClassVar[type[MirrorReading]]

    def put(self, request: Request, id: str) -> Response:  # noqa: A002 - as the address has it
        reading = self.reading()
        read_parameters(request.query_params, known=reading.parameters_of_one)
        external_id = _external_id_of(request)
        row = reading.one(request, id)
        token = cast(Token, request.auth)
        set_external_ids(
            organization=token.organization,
            kind=self.kind,
            wanted={row.entity_id: external_id},
            environment="" if self.kind is Kind.MEMBER else row.environment,
            actor=token.actor,
            now=database_clock.now(),
            request_id=getattr(request, "request_id", ""),
        )
        return Response({"id": str(row.entity_id), "external_id": external_id})


class MemberExternalId(ExternalIdView):
    """Your own reference to a member."""

    kind = Kind.MEMBER
    reading = Members
    tag = "Members"
    required_scopes = {"PUT": ("members:write",)}

    @extend_schema(operation_id="set_member_external_id", request={"application/json": BODY}, responses=ExternalIdTold)
    def put(self, request: Request, id: str) -> Response:  # noqa: A002
        """Set or take away your own reference to a member.

        Nothing is sent to the platform. Two members cannot have the same one: that answers 409.
        """
        return super().put(request, id)


class AccountExternalId(ExternalIdView):
    """Your own reference to an account."""

    kind = Kind.ACCOUNT
    reading = TradingAccounts
    tag = "Accounts"
    required_scopes = {"PUT": ("accounts:write",)}

    @extend_schema(
        operation_id="set_account_external_id",
        request={"application/json": BODY},
        responses=ExternalIdTold,
        parameters=[
            OpenApiParameter(name, cast(Any, schema), description=description)
            for name, (schema, description) in TradingAccounts.parameters_of_one.items()
        ],
    )
    def put(self, request: Request, id: str) -> Response:  # noqa: A002
        """Set or take away your own reference to an account.

        Nothing is sent to the platform. Two accounts cannot have the same one: that answers 409.
        """
        return super().put(request, id)


def _external_id_of(request: Request) -> str | None:
    """The reference that a body gives. Raises InvalidFields."""
    body = body_of(request, fields=["external_id"])
    if "external_id" not in body:
        text = "is missing. Send null to take the reference away."
        raise InvalidFields([Fault("external_id", "required", text)])
    external_id = body["external_id"]
    if not isinstance(external_id, str | None):
        raise InvalidFields([Fault("external_id", "wrong_type", "must be a text, or null.")])
    return external_id

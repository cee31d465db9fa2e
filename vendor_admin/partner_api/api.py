"""The partner API's first address: who calls."""

from typing import Any, cast

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vendor_admin.partner_api.authentication import Token
from vendor_admin.partner_api.reading.fields import write_moment


class ProgramOrganization(serializers.Serializer[Any]):
    """The organization that a program belongs to."""

    id = serializers.CharField(help_text="Its number here.")
    slug = serializers.CharField(help_text="Its name in addresses.")
    name = serializers.CharField(help_text="Its name.")


class Program(serializers.Serializer[Any]):
    """Who calls: a program of a partner."""

    id = serializers.CharField(help_text="The public id of the key, or the client id.")
    name = serializers.CharField(help_text="What its owners call it.")
    organization = ProgramOrganization(help_text="Whose rows it sees.")
    scopes = serializers.ListField(child=serializers.CharField(), help_text="What it was given.")
    rights = serializers.ListField(child=serializers.CharField(), help_text="What that allows.")
    is_test = serializers.BooleanField(help_text="Whether it reaches the sandbox alone.")
    version = serializers.CharField(help_text="The dated version that its answers follow.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When it ends; null: never.")


class Me(APIView):
    """The program behind the key or token, its organization and what it may do."""

    required_scopes: tuple[str, ...] = ()
    resource = "me"
    tag = "Programs"

    @extend_schema(operation_id="get_me", responses=Program)
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
            "expires_at": None if token.expires_at is None else write_moment(token.expires_at),
        })  # fmt: skip

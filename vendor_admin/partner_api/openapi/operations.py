"""What the schema says of every operation: its tag, its scopes, and the problems that it may answer with."""

from inspect import cleandoc
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from vendor_admin.partner_api.openapi.problems import OF_EVERY_REQUEST, OF_WRITES, WORDS_OF, Problem
from vendor_admin.partner_api.problems import MEDIA_TYPE
from vendor_admin.partner_api.reading.resources import Resource
from vendor_admin.partner_api.reading.schema import parameters_of_one
from vendor_admin.partner_api.reading.views import ReadingViewSet
from vendor_admin.partner_api.scopes import PARTNER_SCOPES

SAFE = ("GET", "HEAD", "OPTIONS")
SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key: `Authorization: Bearer vak_live_…`. Owners make them in the admin.",
    },
    "client_credentials": {
        "type": "oauth2",
        "description": "An access token of the organization's own issuer (OAuth 2.0 client credentials).",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/o/YOUR-ORGANIZATION/oauth/token/",
                "scopes": {scope.name: scope.words for scope in PARTNER_SCOPES},
            }
        },
    },
}


class PartnerSchema(AutoSchema):
    """Operations of the partner API.

    A view says its `tag`, and what differs from what its serializers say by `extend_schema`.
    """

    def get_tags(self) -> list[str]:
        tag = getattr(self.view, "tag", "")
        return [tag] if tag else super().get_tags()

    def get_summary(self) -> str | None:
        """The first line of what the method, or the view, says of itself."""
        view = self.view
        if isinstance(view, ReadingViewSet) and self._reading:
            is_list = self._reading == "list"
            return f"List {view.collection.replace('-', ' ')}" if is_list else f"Get one {view.noun}"
        told: str = super().get_summary() or super().get_description() or ""
        return told.strip().split("\n")[0].rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        told: str = (self.view.__doc__ if self._reading else super().get_description()) or ""
        scopes = self.scopes()
        needs = f"Needs the scope {' and '.join(f'`{scope}`' for scope in scopes)}." if scopes else ""
        return f"{cleandoc(told)}\n\n{needs}".strip()

    @property
    def _reading(self) -> str:
        """Which of the two actions of a resource it is: list or retrieve; empty for anything else."""
        action = getattr(self.view, "action", "")
        return action if isinstance(self.view, ReadingViewSet) and action in ("list", "retrieve") else ""

    def get_override_parameters(self) -> list[Any]:
        if self._reading == "retrieve":
            return parameters_of_one(self.view)
        return list(super().get_override_parameters())

    def scopes(self) -> tuple[str, ...]:
        """What a token needs for this operation."""
        required = getattr(self.view, "required_scopes", None) or ()
        if isinstance(required, dict):
            required = required.get(self.method, ())
        return tuple(required)

    def get_operation(self, *args: Any, **named: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **named)
        if operation is None:
            return None
        codes = [*OF_EVERY_REQUEST, *(() if self.method in SAFE else OF_WRITES)]
        if "{" in self.path:
            codes.append("404")
        problem = self.resolve_serializer(Problem, "response").ref
        for code in sorted(codes):
            operation["responses"].setdefault(
                code, {"description": WORDS_OF[code], "content": {MEDIA_TYPE: {"schema": problem}}}
            )
        return operation

    def get_operation_id(self) -> str:
        """list_accounts and get_account; elsewhere what the view says, or what drf-spectacular makes of the address."""
        view = self.view
        if isinstance(view, ReadingViewSet) and self._reading:
            words = f"list {view.collection}" if self._reading == "list" else f"get {view.noun}"
            return words.replace(" ", "_").replace("-", "_")
        found: str = super().get_operation_id()
        return found

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        """Of a resource nothing but its id must be there: `fields` may leave out all else."""
        schema = super()._map_serializer(serializer, direction, bypass_extensions)
        if isinstance(serializer, Resource) and "id" in serializer.fields:
            schema["required"] = ["id"]
        return schema


class TokenScheme(OpenApiAuthenticationExtension):
    """Keys and tokens, as the schema describes them."""

    target_class = "vendor_admin.partner_api.authentication.TokenAuthentication"
    name = list(SECURITY_SCHEMES)

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        return list(SECURITY_SCHEMES.values())

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:
        return [{name: [] if name == "api_key" else list(auto_schema.scopes())} for name in SECURITY_SCHEMES]

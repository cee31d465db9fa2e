"""What the schema says of lists: their parameters, and the shape of a page."""

from collections.abc import Collection
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from vendor_admin.partner_api.reading.parameters import LIMIT, MOST
from vendor_admin.partner_api.reading.resources import field_names

NEXT_CURSOR = "Give it as `cursor` to get the next page; null on the last one."


class CursorPages:
    """The shape of a page."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["data", "next_cursor"],
            "properties": {"data": schema, "next_cursor": {"type": ["string", "null"], "description": NEXT_CURSOR}},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return []


class ListParameters:
    """The parameters of a list: its filters, and what every list takes."""

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        filters = view.filterset_class.base_filters
        return [
            *(
                _parameter(name, _filter_schema(one), str(one.extra.get("help_text", "")))
                for name, one in filters.items()
            ),
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT},
                "How many a page has at most.",
            ),
            _parameter("cursor", {"type": "string"}, "The `next_cursor` of the page before, with the same parameters."),
            _parameter(
                "order_by",
                {"type": "string", "enum": list(view.order_names()), "default": view.default_order},
                "The order of the list; with `-` from the largest down.",
            ),
            _fields(view),
        ]


def parameters_of_one(view: Any) -> list[OpenApiParameter]:
    """The parameters of the address of one thing."""
    fields = _fields(view)
    return [
        OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH, description=f"The id of the {view.noun}."),
        OpenApiParameter("fields", fields["schema"], description=fields["description"], style="form", explode=False),
        *(
            OpenApiParameter(name, schema, description=description)
            for name, (schema, description) in view.parameters_of_one.items()
        ),
    ]


def _fields(view: Any) -> dict[str, Any]:
    names: Collection[str] = list(field_names(view.serializer_class))
    schema = {"type": "array", "items": {"type": "string", "enum": names}}
    found = _parameter("fields", schema, "The fields to answer, with commas between them; `id` is always there.")
    return found | {"style": "form", "explode": False}


def _filter_schema(one: Any) -> dict[str, Any]:
    if "choices" in one.extra:
        return {"type": "string", "enum": [word for word, _ in one.extra["choices"]]}
    schema: dict[str, Any] = one.schema
    return schema


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}

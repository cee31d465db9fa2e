"""Writes answers as JSON, in the version that the request follows."""

from collections.abc import Mapping
from typing import Any

from vendor_admin.partner_api.reading.rendering import FastJsonRenderer
from vendor_admin.partner_api.versions import CHANGES, CURRENT_VERSION, as_of


class AnswerRenderer(FastJsonRenderer):
    """JSON of the answer as the request's version has it (versions.py)."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        context = renderer_context or {}
        response, view, request = context.get("response"), context.get("view"), context.get("request")
        version = getattr(getattr(request, "_request", None), "api_version", CURRENT_VERSION)
        if response is not None and response.status_code < 400:
            resource = getattr(view, "resource", "") or getattr(view, "collection", "")
            data = as_of(version, resource=resource, answer=data, changes=CHANGES)
        return super().render(data, accepted_media_type, renderer_context)

"""Writes answers as JSON. msgspec takes a tenth of the time that Python's own encoder does."""

from typing import Any

import msgspec
from rest_framework.renderers import JSONRenderer


class FastJsonRenderer(JSONRenderer):
    """JSON of values that are JSON already; everything else is left to Django REST framework."""

    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any | None = None) -> bytes:
        try:
            return msgspec.json.encode(data) if data is not None else b""
        except (TypeError, ValueError):
            rendered: bytes = super().render(data, accepted_media_type, renderer_context)
            return rendered

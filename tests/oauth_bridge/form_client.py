"""A browser's forms: `multipart/form-data` only where a field is a file, which no form of members has."""

from typing import Any

from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.utils.http import urlencode


class FormClient(Client):
    def post(self, path: Any, data: Any = None, content_type: str = MULTIPART_CONTENT, *args: Any, **more: Any) -> Any:
        if content_type == MULTIPART_CONTENT:
            data, content_type = urlencode(data or {}, doseq=True), "application/x-www-form-urlencoded"
        return super().post(path, data, content_type, *args, **more)

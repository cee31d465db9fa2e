"""WSGI entry point for gunicorn."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendor_admin.settings")
_serve = get_wsgi_application()

from vendor_admin.web.left_transactions import drop_left_open  # noqa: E402 - its logger is set up by now


def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Serve a request; what an earlier one of this thread left of its transaction is dropped first."""
    drop_left_open()
    return _serve(environ, start_response)

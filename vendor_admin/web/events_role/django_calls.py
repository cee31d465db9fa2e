"""Short calls of Django from the event loop: the whole WSGI application answers, so that whatever guards the API
(credentials, scopes, throttles, the request log, problem bodies) guards this role as well.
"""

import io
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from django.db import close_old_connections

from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.continued import CONTINUED_KEY
from vendor_admin.sync.api import AFTER_KEY, WAITING_KEY, Waiting
from vendor_admin.sync.events.reading import ends_of_logs
from vendor_admin.sync.log.cursor import LogCursor
from vendor_admin.wsgi import application

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """What Django answers. `waiting` is set where the reader is at the end and willing to wait."""

    status: int
    headers: Headers
    body: bytes
    waiting: Waiting | None


def answer_to(scope: Mapping[str, Any], *, after: str = "") -> Answer:
    """Let Django answer a request that has no body. `after` is the cursor of one who has waited there."""
    waiting: list[Waiting] = []
    environment = _environment(scope) | {WAITING_KEY: waiting}
    if after:
        environment |= {AFTER_KEY: after, CONTINUED_KEY: True}
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        started.append((status, headers))

    result: Any = application(environment, start_response)
    try:
        body = b"".join(result)
    finally:
        if close := getattr(result, "close", None):
            close()
    status, headers = started[-1]
    encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return Answer(int(status[:3]), encoded, body, waiting[-1] if waiting else None)


def ends_of(organization_ids: Sequence[int]) -> dict[int, LogCursor]:
    """Where the events of these organizations end: one query, in a transaction that sees just them."""
    close_old_connections()
    try:
        with organization_scope(*organization_ids):
            return ends_of_logs(organization_ids)
    finally:
        close_old_connections()


def _environment(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The request as WSGI says it. A header with an underscore could pose as another one and is left out."""
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("localhost", 0)
    environment: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1] or ""),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name or name in (b"content-length", b"transfer-encoding"):
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        text = value.decode("latin-1")
        environment[key] = f"{environment[key]},{text}" if key in environment else text
    return environment

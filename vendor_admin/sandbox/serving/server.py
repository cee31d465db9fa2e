"""The sandbox as one process on one port, of loopback where nobody says otherwise: REST, sockets, control door."""

import asyncio
import contextlib
import errno
import gc
import hmac
import json
import signal
import socket as sockets
import sys
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp
from starlette.types import Receive as ASGIReceive
from starlette.types import Scope as ASGIScope
from starlette.types import Send as ASGISend
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from vendor_admin.sandbox.calls import Answer
from vendor_admin.sandbox.configuration import BIND_VARIABLE, LOOPBACK, SECRET_VARIABLE, Configuration
from vendor_admin.sandbox.control import door as control
from vendor_admin.sandbox.control.hosts import hosts
from vendor_admin.sandbox.control.market import MARKET_VIEWS
from vendor_admin.sandbox.control.oauth import OAUTH_VIEWS
from vendor_admin.sandbox.control.selection import ControlError
from vendor_admin.sandbox.ledger import Line, as_json
from vendor_admin.sandbox.platform import Platform, epoch_now
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sandbox.serving.oauth_routes import oauth_routes
from vendor_admin.sandbox.serving.rest import CutResponse, answer_rest, host_of
from vendor_admin.sandbox.sockets import Socket
from vendor_admin.tradovate.enums import Environment

__all__ = ["CannotListen", "RunningSandbox", "make_app", "serve"]

LEDGER_FLUSH_SECONDS = 0.1
MOST_LEDGER_ENTRIES = 20_000
SOCKET_PATHS = {f"/{environment.value}/v1/websocket": environment for environment in Environment}


class CannotListen(Exception):
    """The port cannot be had; the text says why and what to do."""


class _Protocol(WebSocketsSansIOProtocol):
    """Gives the application the transport, so that it can drop a connection without a word."""

    def handle_connect(self, event: Any) -> None:  # Any: the library's own event
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: Any = self.scope["extensions"]  # Any: the key is ours, not ASGI's
            extensions["sandbox.transport"] = {"transport": self.transport}


def make_app(platform: Platform) -> ASGIApp:
    """The ASGI application of one platform."""
    http = _http_app(platform)

    async def app(scope: ASGIScope, receive: ASGIReceive, send: ASGISend) -> None:
        if scope["type"] == "websocket":
            await _serve_socket(platform, scope, receive, send)
            return
        if scope["type"] == "http" and not scope["path"].startswith("/control/") and _refuses(platform):
            await CutResponse()(scope, receive, send)
            return
        await http(scope, receive, send)

    return app


def serve(configuration: Configuration, *, port: int = 0) -> None:
    """Serve until SIGINT or SIGTERM; prints the address when ready. Raises CannotListen, as where a port is taken."""
    _refuse_open_door(configuration)
    platform = _build(configuration)
    with _listener(port, bind=configuration.bind) as listener:
        server = _Server(
            uvicorn.Config(
                make_app(platform),
                ws=_Protocol,
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                ws_max_size=1 << 24,
                http="h11",
                loop="uvloop",
                lifespan="on",
                access_log=False,
                log_level="error",
                timeout_graceful_shutdown=2,
            )
        )
        server.ends_with_stdin = configuration.ends_with_stdin
        server.platform, server.bind = platform, configuration.bind
        platform.hosts.addresses.append(_address(listener))
        platform.open_host = server.open_host
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # uvicorn raises them again at its end, which is no clean exit
        server.run(sockets=[listener])


def _build(configuration: Configuration) -> Platform:
    """The platform, whose world Python need not search for garbage: millions of entities would take it seconds."""
    gc.disable()
    try:
        platform = Platform(configuration)
        gc.freeze()
    finally:
        gc.enable()
    return platform


def _refuse_open_door(configuration: Configuration) -> None:
    """Raise CannotListen where others than this machine could come to the control door without a secret."""
    try:
        is_open = not ip_address(configuration.bind).is_loopback
    except ValueError:
        raise CannotListen(f"{BIND_VARIABLE} takes an IP address, not {configuration.bind}.") from None
    if is_open and not configuration.control_secret:
        raise CannotListen(f"At {configuration.bind} the control door would be open to others: set {SECRET_VARIABLE}.")


def _listener(port: int, *, bind: str) -> sockets.socket:
    """A socket that listens; raises CannotListen."""
    listener = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    try:
        listener.bind((bind, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise CannotListen(f"The sandbox cannot listen on {bind}:{port}: {_words(error)}.") from error
    listener.listen(1024)
    return listener


def _address(listener: sockets.socket) -> str:
    return f"{LOOPBACK}:{listener.getsockname()[1]}"


def _words(error: OSError | OverflowError) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "the port is taken. Choose another with --port, or 0 for any free one"
    return str(error)


class _Server(uvicorn.Server):
    platform: Platform
    bind = LOOPBACK
    ends_with_stdin = False

    def open_host(self, port: int) -> str:
        """Listen at one more address; raises CannotListen. Whoever connects at once waits until it is served."""
        listener = _listener(port, bind=self.bind)
        self._opening = asyncio.get_running_loop().create_task(self._serve_at(listener))
        address = _address(listener)
        self.platform.hosts.addresses.append(address)
        return address

    async def _serve_at(self, listener: sockets.socket) -> None:
        config: Any = self.config  # Any: the library leaves the class of its protocol open
        self.servers.append(
            await asyncio.get_running_loop().create_server(
                lambda: config.http_protocol_class(
                    config=config, server_state=self.server_state, app_state=self.lifespan.state
                ),
                sock=listener,
            )
        )

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.ends_with_stdin:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._stop)
        port = self.platform.hosts.shared.rpartition(":")[2]
        sys.stdout.write(f"sandbox listening on http://{self.bind}:{port}\n")
        sys.stdout.flush()

    def _stop(self) -> None:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        self.should_exit = True


def _http_app(platform: Platform) -> Starlette:
    async def rest(request: Request) -> Response:
        return await answer_rest(platform, request)

    async def read_control(request: Request) -> Response:
        return _to_a_stranger(platform, request) or _read_control(platform, request)

    async def write_control(request: Request) -> Response:
        if refused := _to_a_stranger(platform, request):
            return refused
        body = await request.body()
        return _write_control(platform, request.path_params["verb"], body)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(platform.stream.run()),
            asyncio.create_task(platform.exchange.run()),
            asyncio.create_task(platform.traders.run()),
            asyncio.create_task(_flush_ledger(platform)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            platform.ledger.close()

    return Starlette(
        routes=[
            Route("/control/{verb:path}", read_control, methods=["GET"]),
            Route("/control/{verb:path}", write_control, methods=["POST"]),
            *oauth_routes(platform, rest),
            Route("/{environment:str}/v1/{endpoint:path}", rest, methods=["GET", "POST"]),
        ],
        lifespan=lifespan,
    )


def _to_a_stranger(platform: Platform, request: Request) -> Response | None:
    """The refusal of what a web page asks, whichever: the door is for programs, and for who types its address. With a
    secret it is for those alone who send it as a bearer token.
    """
    secret = platform.configuration.control_secret
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if secret and not hmac.compare_digest(given.encode(), secret.encode()):
        return _json({"error": "the control door wants its secret"}, 401)
    if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
        return _json({"error": "the control door answers no web page"}, 403)
    return None


def _read_control(platform: Platform, request: Request) -> Response:
    query: dict[str, Any] = dict(request.query_params)  # Any: a control body
    try:
        match request.path_params["verb"]:
            case "state":
                return _json(control.state(platform))
            case "organizations":
                return _json(control.organizations(platform))
            case "expected":
                return _json(control.expected(platform, query))
            case "hosts":
                return _json(hosts(platform, query))
            case "ledger":
                limit = min(int(query.get("limit", "1000")), MOST_LEDGER_ENTRIES)
                entries = platform.ledger.after(int(query.get("after", "0")), limit=limit, kind=query.get("kind"))
                return _json({"last_n": platform.ledger.last_n, "entries": entries})
            case verb if verb in MARKET_VIEWS:
                return _json(MARKET_VIEWS[verb](platform, query))
            case verb if verb in OAUTH_VIEWS:
                return _json(OAUTH_VIEWS[verb](platform, query))
            case verb:
                return _json({"error": f"unknown view {verb}"}, 404)
    except (ControlError, ValueError) as error:
        return _json({"error": str(error)}, 400)


def _write_control(platform: Platform, verb: str, body: bytes) -> Response:
    try:
        value = json.loads(body) if body.strip() else {}
        if not isinstance(value, dict):
            return _json({"error": "the body must be an object"}, 400)
        return _json(control.act(platform, verb, value))
    except (ControlError, CannotListen, ValueError) as error:
        return _json({"error": str(error)}, 400)


def _json(value: Any, status: int = 200) -> Response:  # Any: JSON values and ledger entries
    return Response(as_json(value), status, media_type="application/json")


def _refuses(platform: Platform) -> bool:
    return platform.refuse_until > epoch_now()


async def _refuse_handshake(platform: Platform, line: Line, answer: Answer, send: ASGISend) -> None:
    text = f"handshake {answer.status} {answer.location}".strip()
    platform.ledger.note(line, direction="sent", kind="lifecycle", text=text)
    headers = [(b"location", answer.location.encode())] if answer.location else []
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b""})


async def _serve_socket(platform: Platform, scope: ASGIScope, receive: ASGIReceive, send: ASGISend) -> None:
    environment, host = SOCKET_PATHS.get(scope["path"]), host_of(scope)
    await receive()
    if environment is None:
        await _refuse_handshake(platform, Line(None, "", "", host), Answer(404), send)
        return
    refusal = Answer(503) if _refuses(platform) else platform.answer_handshake(environment, host, scope["path"])
    if refusal is not None:
        await _refuse_handshake(platform, Line(None, "", environment.value, host), refusal, send)
        return
    await send({"type": "websocket.accept"})
    platform.opened_sockets += 1
    transport = scope["extensions"]["sandbox.transport"]["transport"]
    socket = Socket(
        platform,
        environment,
        number=platform.opened_sockets,
        address=scope["client"][0] if scope["client"] else "",
        host=host,
        send=send,
        abort=transport.abort,
    )
    platform.sockets[socket.number] = socket
    try:
        await socket.run(receive)
    finally:
        platform.sockets.pop(socket.number, None)


async def _flush_ledger(platform: Platform) -> None:
    while True:
        await asyncio.sleep(LEDGER_FLUSH_SECONDS)
        platform.ledger.flush()

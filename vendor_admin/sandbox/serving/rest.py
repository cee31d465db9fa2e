"""The REST side of both hosts: HTTP in, a call, HTTP out. Holds no rules."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from vendor_admin.sandbox.calls import Answer, Call
from vendor_admin.sandbox.configuration import LOOPBACK
from vendor_admin.sandbox.faults import CallFault
from vendor_admin.sandbox.ledger import Line, as_json
from vendor_admin.sandbox.platform import PUBLIC_ENDPOINTS, Platform, epoch_now
from vendor_admin.tradovate.enums import Environment

# Entities of a list that are turned into JSON at once, some 3 ms.
PIECE = 1_000


class CutResponse(Response):
    """Begins an answer and never ends it: the connection is closed, and the caller does not know what was done."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the head of a body that never comes."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})


def host_of(scope: Scope) -> str:
    """The address of the sandbox that a request came in at. They differ by their ports, wherever it listens."""
    return f"{LOOPBACK}:{scope['server'][1]}"


def target_of(request: Request) -> str:
    """Path and query of a request, as a Location repeats them."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


async def answer_rest(platform: Platform, request: Request) -> Response:
    """Answer one HTTP request below `/demo/v1` or `/live/v1."""
    now = epoch_now()
    call, refused = await _read_call(platform, request, now=now)
    line = Line(None, call.organization.name if call.organization else "", call.environment.value, call.host)
    platform.ledger.note(line, direction="received", kind="rest", endpoint=call.endpoint, text=str(request.url.query))
    answer, rule = platform.judge(call, now=now)
    if rule is not None and rule.fault is CallFault.SLOW:
        await asyncio.sleep(rule.seconds)
    if answer is None:
        answer = platform.perform(call, refused=refused, now=now)
    if answer.delivery is not None:
        await asyncio.sleep(answer.delivery.wait_seconds)
    if (rule is not None and rule.fault is CallFault.CUT) or (answer.delivery is not None and answer.delivery.is_cut):
        platform.ledger.note(line, direction="dropped", kind="rest", endpoint=call.endpoint, text=str(answer.status))
        return CutResponse()
    platform.ledger.note(line, direction="sent", kind="rest", endpoint=call.endpoint, text=str(answer.status))
    return response_of(answer)


async def _read_call(platform: Platform, request: Request, *, now: float) -> tuple[Call, Answer | None]:
    """The call, and the answer it gets when its token is missing or bad."""
    endpoint = request.path_params["endpoint"].strip("/")
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    organization, refused = (
        platform.organization_of(token, now=now) if token else (None, Answer(401, "Access is denied"))
    )
    call = Call(
        environment=Environment(request.path_params["environment"]),
        endpoint=endpoint,
        query={name.lower(): value for name, value in request.query_params.items()},
        body=(await request.body()).decode("utf-8", "replace"),
        address=request.client.host if request.client else "",
        token=token,
        organization=organization,
        member_id=platform.sessions.member_of(token) if organization else None,
        host=host_of(request.scope),
        target=target_of(request),
    )
    return call, None if call.name in PUBLIC_ENDPOINTS else refused


def response_of(answer: Answer) -> Response:
    """Status, body and Location as HTTP carries them; a long list in pieces, between which others are served."""
    headers = {"Location": answer.location} if answer.location else None
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, headers, media_type="text/plain")
    if isinstance(answer.body, list) and len(answer.body) > PIECE:
        return StreamingResponse(_pieces(answer.body), answer.status, headers, media_type="application/json")
    return Response(as_json(answer.body), answer.status, headers, media_type="application/json")


async def _pieces(entities: list[Any]) -> AsyncIterator[bytes]:  # Any: JSON values
    """A JSON array as of now: entities are replaced when they change, never altered."""
    for start in range(0, len(entities), PIECE):
        yield (b"[" if start == 0 else b",") + as_json(entities[start : start + PIECE])[1:-1]
        await asyncio.sleep(0)
    yield b"]"

"""`POST auth/oauthtoken`, as form or JSON: HTTP in, one exchange, HTTP out. Errors are HTTP 200 with `error`."""

import asyncio
import dataclasses
import json
import urllib.parse

from starlette.requests import Request
from starlette.responses import Response

from vendor_admin.sandbox.calls import Answer, Call
from vendor_admin.sandbox.faults import CallFault
from vendor_admin.sandbox.ledger import Line
from vendor_admin.sandbox.oauth.faults import ExchangeFault, ExchangeRule
from vendor_admin.sandbox.oauth.grants import RefusedError
from vendor_admin.sandbox.oauth.secrets import hashed
from vendor_admin.sandbox.platform import Platform, epoch_now
from vendor_admin.sandbox.serving.rest import CutResponse, host_of, response_of, target_of
from vendor_admin.tradovate.enums import Environment

ENDPOINT = "auth/oauthtoken"
TIME_OUT_SECONDS = 60.0
BACK_OFF_SECONDS = 15.0
BROKEN_JSON = '{"access_token":"sandbox-'
_SECRETS = frozenset({"code", "client_secret", "code_verifier", "refresh_token", "access_token"})
_SHOWN = _SECRETS | {"grant_type", "client_id", "redirect_uri", "p-ticket", "error", "error_description"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What is answered, how long it waits, and whether the connection is cut instead. `raw` replaces the body."""

    answer: Answer
    wait_seconds: float = 0.0
    is_cut: bool = False
    raw: str | None = None


async def answer_exchange(platform: Platform, request: Request) -> Response:
    """Answer one exchange or refresh below `/live` or `/demo`."""
    now = epoch_now()
    environment = Environment(request.path_params["environment"])
    body = (await request.body()).decode("utf-8", "replace")
    encoding, fields = _read_fields(request.headers.get("content-type", ""), body)
    client = platform.oauth.clients.get((fields or {}).get("client_id", ""))
    host, owner = host_of(request.scope), client.organization if client else None
    line = Line(None, owner.name if owner else "", environment.value, host)
    shown = {"encoding": encoding, "path": request.url.path, **_shown(fields or {})}
    platform.ledger.note(line, direction="received", kind="oauth", endpoint=ENDPOINT, text=json.dumps(shown))
    address = request.client.host if request.client else ""
    call = Call(
        environment=environment,
        endpoint=ENDPOINT,
        query={},
        body=body,
        address=address,
        host=host,
        target=target_of(request),
        meant=owner,
    )
    outcome = _outcome(platform, call, None if request.method != "POST" else fields, now=now)
    if outcome.wait_seconds:
        await asyncio.sleep(outcome.wait_seconds)
    answer = outcome.answer
    told = {"status": answer.status} | (_shown(answer.body) if isinstance(answer.body, dict) else {})
    direction = "dropped" if outcome.is_cut else "sent"
    platform.ledger.note(line, direction=direction, kind="oauth", endpoint=ENDPOINT, text=json.dumps(told))
    return CutResponse() if outcome.is_cut else _response(outcome)


def _outcome(platform: Platform, call: Call, fields: dict[str, str] | None, *, now: float) -> _Outcome:
    blocked, rule = platform.judge(call, now=now)
    if blocked is not None:
        return _Outcome(answer=blocked)
    if fields is None:
        return _Outcome(answer=Answer(400, "Invalid request: a POST of JSON or of a form is expected"))
    outcome = _spoilt(platform, call, fields, now=now)
    if rule is not None and rule.fault is CallFault.SLOW:
        return dataclasses.replace(outcome, wait_seconds=rule.seconds)
    return dataclasses.replace(outcome, is_cut=True) if rule is not None else outcome


def _spoilt(platform: Platform, call: Call, fields: dict[str, str], *, now: float) -> _Outcome:
    """The outcome of a well-formed exchange, with the fault that the control door ordered for it."""
    faults = platform.oauth.faults
    owed = faults.owed(call.address, fields.get("p-ticket", ""), now=now)
    if owed is not None:
        return _Outcome(answer=Answer(200, owed.body()))
    rule = faults.take_exchange(grant_type=fields.get("grant_type", ""), client_id=fields.get("client_id", ""))
    if rule is None:
        return _Outcome(answer=_exchange(platform, call, fields, now=now))
    match rule.fault:
        case ExchangeFault.SERVER_ERROR:
            return _Outcome(answer=Answer(500, rule.text or "Internal server error"))
        case ExchangeFault.LOCKED_429 | ExchangeFault.LOCKED_423:
            return _Outcome(answer=Answer(int(rule.fault.value)))
        case ExchangeFault.ERROR:
            return _Outcome(answer=_error(rule.error or "server_error", rule.text or "Something went wrong"))
        case ExchangeFault.REFUSE_REFRESH:
            return _Outcome(answer=_error(rule.error or "invalid_token", rule.text or "Refused for the moment"))
        case ExchangeFault.TIME_OUT:
            return _Outcome(answer=Answer(0), wait_seconds=rule.seconds or TIME_OUT_SECONDS, is_cut=True)
        case ExchangeFault.PENALTY | ExchangeFault.CAPTCHA:
            return _Outcome(answer=_penalty(platform, call, rule, now=now))
        case ExchangeFault.EXPIRED_CODE:
            code = platform.oauth.authorizations.codes.get(hashed(fields.get("code", "")))
            if code is not None:
                code.expires_at = 0.0
            return _Outcome(answer=_exchange(platform, call, fields, now=now))
    answer = _exchange(platform, call, fields, now=now)
    if rule.fault is ExchangeFault.NO_ANSWER:
        return _Outcome(answer=answer, wait_seconds=rule.seconds, is_cut=True)
    raw = (rule.text or BROKEN_JSON) if rule.fault is ExchangeFault.MALFORMED else None
    return _Outcome(answer=answer, wait_seconds=rule.seconds, raw=raw)


def _exchange(platform: Platform, call: Call, fields: dict[str, str], *, now: float) -> Answer:
    """OAuth lives on the LIVE host, also for members who trade on DEMO; the DEMO host knows no client."""
    if call.environment is not Environment.LIVE:
        return _error("invalid_client", "Incorrect client_id")
    try:
        issued = platform.oauth.exchange(fields, now=now)
    except RefusedError as error:
        return _error(error.error, error.description)
    if issued.evicted is not None:
        platform.close_sockets_of(issued.evicted)
    organization, _ = platform.organization_of(issued.access_token, now=now)
    return Answer(200, issued.body() | (platform.hosts.named(organization) if organization else {}))


def _penalty(platform: Platform, call: Call, rule: ExchangeRule, *, now: float) -> Answer:
    hour_seconds = platform.configuration.hour_seconds
    ticket = platform.oauth.faults.charge(
        call.address,
        back_off_seconds=rule.seconds * 3_600 / hour_seconds if rule.seconds else BACK_OFF_SECONDS,
        hour_seconds=hour_seconds,
        captcha=rule.fault is ExchangeFault.CAPTCHA,
        now=now,
    )
    return Answer(200, ticket.body())


def _error(error: str, description: str) -> Answer:
    return Answer(200, {"error": error, "error_description": description})


def _read_fields(content_type: str, body: str) -> tuple[str, dict[str, str] | None]:
    """How the fields were encoded and what they are; None when they cannot be read."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return "form", dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
    if kind != "application/json":
        return kind, None
    try:
        value = json.loads(body)
    except ValueError:
        return "json", None
    if not isinstance(value, dict):
        return "json", None
    return "json", {name: str(given) for name, given in value.items() if given is not None}


def _shown(fields: dict[str, str]) -> dict[str, str]:
    """The fields as the ledger may keep them."""
    return {name: hashed(value) if name in _SECRETS else str(value) for name, value in fields.items() if name in _SHOWN}


def _response(outcome: _Outcome) -> Response:
    if outcome.raw is not None:
        return Response(outcome.raw, outcome.answer.status, media_type="application/json")
    return response_of(outcome.answer)

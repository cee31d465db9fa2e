"""The control door: makes the platform misbehave on demand and tells the truth about its state.

`POST /control/<verb>` takes a JSON object. Verbs about sockets take `socket` (number), `organization` (name or id) and
`environment`, all optional; without any they mean every socket. The answer says how many sockets were meant. A field
that is missing, not known or of another kind is a 400 that names it.
"""

import dataclasses
import math
from collections.abc import Callable

from vendor_admin.sandbox.control.entities import delete, enlarge_snapshot, inject, mutate
from vendor_admin.sandbox.control.fields import Kind, Verb, check_fields
from vendor_admin.sandbox.control.hosts import HOST_VERBS
from vendor_admin.sandbox.control.market import MARKET_VERBS
from vendor_admin.sandbox.control.oauth import OAUTH_ACTIONS
from vendor_admin.sandbox.control.reset import reset
from vendor_admin.sandbox.control.selection import (
    Body,
    ControlError,
    chosen_sockets,
    environment_of,
    needed_organization,
    organization_of,
)
from vendor_admin.sandbox.control.sockets import announce_shutdown, close, send_malformed, send_raw, set_faults
from vendor_admin.sandbox.control.writes import WRITE_ACTIONS
from vendor_admin.sandbox.faults import CallFault, CallRule
from vendor_admin.sandbox.open_socket import OpenSocket
from vendor_admin.sandbox.platform import Platform, epoch_now


def state(platform: Platform) -> Body:
    """Counters, the rate, and every open socket with its times (epoch seconds)."""
    return {
        "now": epoch_now(),
        "rate": platform.stream.rate,
        "paused": platform.stream.is_paused,
        "produced": platform.stream.produced,
        "calls": platform.calls,
        "opened_sockets": platform.opened_sockets,
        "ledger_n": platform.ledger.last_n,
        "maintenance": platform.in_maintenance,
        "sockets": [_socket_state(socket) for socket in platform.sockets.values()],
    }


def organizations(platform: Platform) -> list[Body]:
    """Every vendor with the credentials of its administrator's key."""
    return [
        {
            "id": organization.id,
            "name": organization.name,
            "admin_user_id": organization.admin_user_id,
            "is_vendor": organization.is_vendor,
            "has_scopes": organization.has_scopes,
            "credentials": organization.credentials(),
        }
        for organization in platform.world.organizations.values()
    ]


def expected(platform: Platform, query: Body) -> Body:
    """What a perfect mirror of an organization on a host holds now; `ledger_n` and `produced` say when that was."""
    organization = needed_organization(platform, query)
    entities = platform.visible_entities(environment_of(query), organization)
    return {"ledger_n": platform.ledger.last_n, "produced": platform.stream.produced, "entities": entities}


def act(platform: Platform, verb: str, body: Body) -> Body:
    """Do what `POST /control/<verb>` asks; raises ControlError for an unknown verb or a body that makes no sense."""
    action = _OTHERS.get(verb)
    if (own := VERBS.get(verb)) is not None:
        check_fields(verb, own, body)
        action = own.action
    if action is None:
        raise ControlError(f"unknown verb {verb}; known: {', '.join(sorted({**VERBS, **_OTHERS}))}")
    try:
        return action(platform, body) or {"ok": True}
    except KeyError as error:
        raise ControlError(f"{verb}: the field {error.args[0]} is missing") from error
    except (TypeError, ValueError) as error:
        raise ControlError(f"{verb}: {error}") from error


def _socket_state(socket: OpenSocket) -> Body:
    return {
        "socket": socket.number,
        "environment": socket.environment.value,
        "host": socket.host,
        "organization": socket.organization.name if socket.organization else None,
        "opened_at": socket.opened_at,
        "authorized_at": socket.authorized_at,
        "is_synced": socket.scope is not None,
        "frames_sent": socket.frames_sent,
        "messages_sent": socket.messages_sent,
        "pending": socket.pending,
        "closing": socket.is_closing,
        "faults": dataclasses.asdict(socket.faults),
    }


def _rate(platform: Platform, body: Body) -> Body:
    platform.stream.set_rate(float(body["rate"]))
    return {"rate": platform.stream.rate}


def _burst(platform: Platform, body: Body) -> None:
    platform.stream.burst(int(body["events"]))


def _events(platform: Platform, body: Body) -> Body:
    """Make this many events at once, of one organization or of all in turn, before answering."""
    organization = organization_of(platform, body)
    platform.stream.produce(int(body["count"]), organization_id=organization.id if organization else None)
    return {"produced": platform.stream.produced}


def _pause(platform: Platform, body: Body) -> None:
    platform.stream.set_paused(True)


def _resume(platform: Platform, body: Body) -> None:
    platform.stream.set_paused(False)


def _call_rule(platform: Platform, body: Body) -> None:
    """Spoil the next `calls` calls of an endpoint (0: all until `clear-limits`), or all in `for_seconds`.

    `fault` is one of CallFault.
    """
    organization = organization_of(platform, body)
    lasts = "for_seconds" in body
    platform.rules.add(
        CallRule(
            fault=CallFault(str(body["fault"])),
            endpoint=str(body.get("endpoint", "")),
            organization=organization.name if organization else "",
            environment=str(body.get("environment", "")),
            calls=int(body.get("calls", 0 if lasts else 1)),
            seconds=float(body.get("seconds", 0.0)),
            text=str(body.get("text", "")),
            location=str(body.get("location", "")),
            ends_at=epoch_now() + float(body["for_seconds"]) if lasts else math.inf,
        )
    )


def _revoke(platform: Platform, body: Body) -> Body:
    """Revoke one token, or all tokens of an organization (or of all); `close` also closes the sockets."""
    if "token" in body:
        ended = 1 if platform.sessions.revoke(str(body["token"])) else 0
    else:
        ended = platform.sessions.revoke_all(organization_of(platform, body))
    if body.get("close"):
        for socket in chosen_sockets(platform, body):
            socket.close(1000, "Token revoked")
    return {"sessions": ended}


def _expire(platform: Platform, body: Body) -> Body:
    return {"tokens": platform.sessions.expire_all(organization_of(platform, body))}


def _maintenance(platform: Platform, body: Body) -> None:
    """Begin (sockets are told and closed, calls answer 503) or end maintenance."""
    platform.in_maintenance = bool(body.get("on", True))
    if platform.in_maintenance:
        for socket in list(platform.sockets.values()):
            socket.shut_down("Maintenance")


def _refuse(platform: Platform, body: Body) -> None:
    """Refuse new connections for `seconds`: sockets get HTTP 503, REST connections are cut."""
    platform.refuse_until = epoch_now() + float(body.get("seconds", 5))


def _key(platform: Platform, body: Body) -> None:
    """Switch an organization's vendor flag or its key's scopes."""
    organization = needed_organization(platform, body)
    organization.is_vendor = bool(body.get("is_vendor", organization.is_vendor))
    organization.has_scopes = bool(body.get("has_scopes", organization.has_scopes))


def _configure(platform: Platform, body: Body) -> Body:
    """Change any knob of the configuration while running."""
    for name, value in body.items():
        if not hasattr(platform.configuration, name):
            raise ControlError(f"unknown setting {name}")
        setattr(platform.configuration, name, type(getattr(platform.configuration, name))(value))
    return dataclasses.asdict(platform.configuration) | {"today": str(platform.configuration.today)}


def _clear_limits(platform: Platform, body: Body) -> None:
    """Forget all counts, tickets and locks, and the rules for calls and handshakes."""
    platform.limits.clear()
    platform.rules.rules.clear()
    platform.hosts.handshakes.clear()


def _flush(platform: Platform, body: Body) -> Body:
    platform.ledger.flush()
    return {"ledger_n": platform.ledger.last_n}


VERBS: dict[str, Verb] = {
    "rate": Verb(_rate, needs={"rate": Kind.NUMBER}),
    "burst": Verb(_burst, needs={"events": Kind.NUMBER}),
    "events": Verb(_events, needs={"count": Kind.NUMBER}),
    "pause": Verb(_pause),
    "resume": Verb(_resume),
    "drop": Verb(set_faults("drop"), takes={"value": Kind.NUMBER}),
    "duplicate": Verb(set_faults("duplicate"), takes={"value": Kind.NUMBER}),
    "reorder": Verb(set_faults("reorder"), takes={"value": Kind.NUMBER}),
    "delay": Verb(set_faults("delay_seconds"), takes={"value": Kind.NUMBER}),
    "half-open": Verb(set_faults("is_half_open"), takes={"value": Kind.FLAG}),
    "mute": Verb(set_faults("skips_heartbeats"), takes={"value": Kind.FLAG}),
    "raw": Verb(send_raw, needs={"frame": Kind.TEXT}),
    "malformed": Verb(send_malformed, takes={"kind": Kind.TEXT}),
    "call": Verb(
        _call_rule,
        needs={"fault": Kind.TEXT},
        takes={
            "endpoint": Kind.TEXT,
            "calls": Kind.NUMBER,
            "seconds": Kind.NUMBER,
            "for_seconds": Kind.NUMBER,
            "text": Kind.TEXT,
            "location": Kind.TEXT,
        },
    ),
    "revoke": Verb(_revoke, takes={"token": Kind.TEXT, "close": Kind.FLAG}),
    "expire": Verb(_expire),
    "close": Verb(close, takes={"code": Kind.NUMBER, "reason": Kind.TEXT}),
    "shutdown": Verb(announce_shutdown, takes={"reasonCode": Kind.TEXT, "reason": Kind.TEXT, "close": Kind.FLAG}),
    "maintenance": Verb(_maintenance, takes={"on": Kind.FLAG}),
    "refuse": Verb(_refuse, takes={"seconds": Kind.NUMBER}),
    "huge-snapshot": Verb(
        enlarge_snapshot, needs={"organization": Kind.TEXT}, takes={"bytes": Kind.NUMBER, "one_part": Kind.FLAG}
    ),
    "inject": Verb(
        inject,
        needs={"organization": Kind.TEXT, "entityType": Kind.TEXT, "entity": Kind.ANY},
        takes={"eventType": Kind.TEXT},
    ),
    "mutate": Verb(
        mutate,
        needs={"organization": Kind.TEXT, "entityType": Kind.TEXT, "id": Kind.NUMBER, "fields": Kind.OBJECT},
    ),
    "delete": Verb(delete, needs={"organization": Kind.TEXT, "entityType": Kind.TEXT, "id": Kind.NUMBER}),
    "key": Verb(_key, needs={"organization": Kind.TEXT}, takes={"is_vendor": Kind.FLAG, "has_scopes": Kind.FLAG}),
    "configure": Verb(_configure, takes_settings=True),
    "reset": Verb(reset, needs={"organization": Kind.TEXT}),
    **HOST_VERBS,
    **MARKET_VERBS,
    "clear-limits": Verb(_clear_limits),
    "flush": Verb(_flush),
}
# Verbs of other modules look after their fields themselves.
_OTHERS: dict[str, Callable[[Platform, Body], Body | None]] = {**WRITE_ACTIONS, **OAUTH_ACTIONS}

"""Control verbs about hosts: open another one, move an organization, choose what answers name, spoil handshakes."""

from vendor_admin.sandbox.control.fields import Kind, Verb
from vendor_admin.sandbox.control.selection import Body, ControlError, environment_of, organization_of
from vendor_admin.sandbox.hosts import MOVED_STATUSES, OF_ITS_OWN, SHARED, HandshakeRule, Move, Said, Saying
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.world.state import Organization
from vendor_admin.tradovate.enums import Environment


def hosts(platform: Platform, query: Body) -> Body:
    """The addresses of the sandbox, and which of them serves each organization."""
    return {
        "shared": platform.hosts.shared,
        "hosts": platform.hosts.addresses,
        "organizations": [
            {"organization": organization.name}
            | {environment.value: platform.hosts.home(environment, organization) for environment in Environment}
            for organization in platform.world.organizations.values()
        ],
    }


def _open_host(platform: Platform, body: Body) -> Body:
    """Listen at one more address; `port` 0 takes a free one."""
    return {"host": platform.open_host(int(body.get("port", 0)))}


def _move(platform: Platform, body: Body) -> Body:
    """Move an organization (or all) to `host`, an address of the sandbox, or to a new one."""
    environment, status = environment_of(body), int(body.get("status", 307))
    if status not in MOVED_STATUSES:
        raise ControlError(f"move: status is one of {', '.join(map(str, MOVED_STATUSES))}")
    address = str(body.get("host", ""))
    if address and address not in platform.hosts.addresses:
        raise ControlError(f"move: {address} is no host of the sandbox; known: {', '.join(platform.hosts.addresses)}")
    move = Move(
        address=address or platform.open_host(int(body.get("port", 0))),
        status=status,
        handshake_status=int(body.get("handshake_status", 421)),
        location=str(body.get("location", "")),
        moves_authentication=bool(body.get("moves_authentication", False)),
    )
    moved = _chosen(platform, body)
    for organization in moved:
        platform.hosts.move(environment, organization, move)
    closed = 0
    for socket in list(platform.sockets.values()):
        is_elsewhere = socket.environment is environment and socket.host != move.address
        if is_elsewhere and socket.organization in moved and body.get("closes_sockets", True):
            socket.close(1000, "Moved")
            closed += 1
    return {"host": move.address, "organizations": len(moved), "closed": closed}


def _api_hosts(platform: Platform, body: Body) -> None:
    """Choose what answers name: `when`, `only` some names, or any `value`; without a field all is as at the start."""
    only = body.get("only")
    if only is not None and (not isinstance(only, list) or not {*only} <= {*OF_ITS_OWN, *SHARED}):
        raise ControlError(f"api-hosts: only is a list of {', '.join((*OF_ITS_OWN, *SHARED))}")
    said = Said(
        when=Saying(str(body.get("when", Saying.OWN))),
        only=only,
        is_replaced="value" in body,
        instead=body.get("value"),
    )
    for organization in _chosen(platform, body):
        platform.hosts.say(organization, said)


def _handshake(platform: Platform, body: Body) -> None:
    """Answer the next `calls` handshakes with `status` and `location`; `calls` 0 lasts until `clear-limits`."""
    environment = str(body.get("environment", ""))
    platform.hosts.handshakes.append(
        HandshakeRule(
            status=int(body["status"]),
            location=str(body.get("location", "")),
            environment=Environment(environment) if environment else "",
            calls=int(body.get("calls", 1)),
        )
    )


def _chosen(platform: Platform, body: Body) -> list[Organization]:
    organization = organization_of(platform, body)
    return list(platform.world.organizations.values()) if organization is None else [organization]


HOST_VERBS: dict[str, Verb] = {
    "open-host": Verb(_open_host, takes={"port": Kind.NUMBER}),
    "move": Verb(
        _move,
        takes={
            "host": Kind.TEXT,
            "port": Kind.NUMBER,
            "status": Kind.NUMBER,
            "handshake_status": Kind.NUMBER,
            "location": Kind.TEXT,
            "moves_authentication": Kind.FLAG,
            "closes_sockets": Kind.FLAG,
        },
    ),
    "api-hosts": Verb(_api_hosts, takes={"when": Kind.TEXT, "only": Kind.ANY, "value": Kind.ANY}),
    "handshake": Verb(_handshake, needs={"status": Kind.NUMBER}, takes={"location": Kind.TEXT, "calls": Kind.NUMBER}),
}

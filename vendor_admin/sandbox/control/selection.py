"""What the body of a control call means: an organization, a host, some of the open sockets."""

from typing import Any

from vendor_admin.sandbox.open_socket import OpenSocket
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.world.state import Organization
from vendor_admin.tradovate.enums import Environment

Body = dict[str, Any]  # Any: JSON values


class ControlError(Exception):
    """The body of a control call cannot be used; the text says why."""


def chosen_sockets(platform: Platform, body: Body) -> list[OpenSocket]:
    """The sockets that a body means."""
    return [
        socket
        for socket in platform.sockets.values()
        if not socket.is_closing
        and body.get("socket") in (None, socket.number)
        and body.get("environment") in (None, socket.environment.value)
        and (not body.get("organization") or socket.organization is organization_of(platform, body))
    ]


def organization_of(platform: Platform, body: Body) -> Organization | None:
    """The organization that `organization` names, None when the body has none; raises ControlError."""
    name = body.get("organization")
    if name in (None, ""):
        return None
    organization = platform.world.organization_named(str(name))
    if organization is None:
        raise ControlError(f"no organization {name}")
    return organization


def needed_organization(platform: Platform, body: Body) -> Organization:
    """The same for calls that need one; raises ControlError."""
    organization = organization_of(platform, body)
    if organization is None:
        raise ControlError("organization is missing")
    return organization


def environment_of(body: Body) -> Environment:
    """The host that `environment` names, DEMO without one."""
    return Environment(body.get("environment", "demo"))

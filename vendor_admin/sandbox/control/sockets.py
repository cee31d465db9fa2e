"""Control verbs that spoil sockets: frames lost, late, doubled or broken, silence, closing."""

from collections.abc import Callable

from vendor_admin.sandbox.control.selection import Body, ControlError, chosen_sockets
from vendor_admin.sandbox.ledger import as_json
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.wire.frames import other_message
from vendor_admin.sandbox.wire.malformed import MALFORMED_FRAMES


def set_faults(*names: str) -> Callable[[Platform, Body], Body]:
    """A verb that sets these fields of the chosen sockets' faults to `value` (1 without one)."""

    def action(platform: Platform, body: Body) -> Body:
        sockets = chosen_sockets(platform, body)
        for socket in sockets:
            for name in names:
                setattr(socket.faults, name, type(getattr(socket.faults, name))(body.get("value", 1)))
        return {"sockets": len(sockets)}

    return action


def send_raw(platform: Platform, body: Body) -> Body:
    """Send `frame` as it stands."""
    sockets = chosen_sockets(platform, body)
    for socket in sockets:
        socket.enqueue(str(body["frame"]))
    return {"sockets": len(sockets)}


def send_malformed(platform: Platform, body: Body) -> Body:
    """Send bad frames: `kind` is one of the known, or `all`."""
    kind = body.get("kind", "all")
    if kind != "all" and kind not in MALFORMED_FRAMES:
        raise ControlError(f"unknown kind {kind}; known: {', '.join(sorted(MALFORMED_FRAMES))}")
    frames = [make() for name, make in MALFORMED_FRAMES.items() if kind in ("all", name)]
    sockets = chosen_sockets(platform, body)
    for socket in sockets:
        for frame in frames:
            socket.enqueue(frame)
    return {"sockets": len(sockets), "frames": frames}


def close(platform: Platform, body: Body) -> Body:
    """Close sockets with `code`; code 0 drops them without a word, code 3000 and up is also said in a `c` frame."""
    sockets = chosen_sockets(platform, body)
    code, reason = int(body.get("code", 1000)), str(body.get("reason", "closed by control"))
    for socket in sockets:
        if code == 0:
            socket.abort("control")
            continue
        if code >= 3000:
            socket.enqueue(f"c{as_json([code, reason]).decode()}")
        socket.close(code, reason)
    return {"sockets": len(sockets)}


def announce_shutdown(platform: Platform, body: Body) -> Body:
    """Say `shutdown` with `reasonCode`; the socket closes afterwards unless `close` is false."""
    sockets = chosen_sockets(platform, body)
    code, reason = str(body.get("reasonCode", "Maintenance")), str(body.get("reason", ""))
    for socket in sockets:
        if body.get("close", True):
            socket.shut_down(code, reason)
        else:
            socket.enqueue(other_message("shutdown", {"reasonCode": code} | ({"reason": reason} if reason else {})))
    return {"sockets": len(sockets)}

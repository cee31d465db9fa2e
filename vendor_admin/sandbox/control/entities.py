"""Control verbs that touch entities: events of one's own, silent drift, very large snapshots."""

from vendor_admin.sandbox.control.selection import (
    Body,
    ControlError,
    chosen_sockets,
    environment_of,
    needed_organization,
)
from vendor_admin.sandbox.ledger import as_json
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.wire.frames import props_text_message
from vendor_admin.sandbox.world.entities import KINDS
from vendor_admin.tradovate.enums import Environment


def enlarge_snapshot(platform: Platform, body: Body) -> Body:
    """Give an organization `bytes` of closed positions' fills, and its next snapshots in one part."""
    organization = needed_organization(platform, body)
    book = platform.world.book(Environment.DEMO, organization.id)
    record = next(iter(book.all("account")), None)
    if record is None:
        raise ControlError("huge-snapshot: the organization has no account")
    account = record.entity
    size, number = int(body.get("bytes", 20_000_000)), 0
    while size > 0:
        number += 1
        order_id = 980_000_000_000 + organization.id * 10_000_000 + number
        fill = {
            "id": order_id,
            "orderId": order_id,
            "contractId": 4_308_010,
            "timestamp": "2026-01-05T15:00:00.000Z",
            "tradeDate": {"year": 2026, "month": 1, "day": 5},
            "action": "Buy",
            "qty": 1,
            "price": 5_000.25,
            "active": True,
            "finallyPaired": 1,
            "external": False,
        }
        book.put("fill", fill, account_id=account["id"], user_id=account["userId"])
        size -= len(as_json(fill)) + 1
    if body.get("one_part", True):
        platform.whole_snapshots.add(organization.id)
    return {"entities": number}


def inject(platform: Platform, body: Body) -> Body:
    """An event of an entity type the platform holds (it changes the state), or of any other (sent as it is)."""
    organization, environment = needed_organization(platform, body), environment_of(body)
    entity, entity_type, event_type = body["entity"], str(body["entityType"]), str(body.get("eventType", "Updated"))
    if entity_type in KINDS and isinstance(entity, dict) and isinstance(entity.get("id"), int):
        known = platform.world.book(environment, organization.id).get(entity_type, entity["id"])
        account_id, user_id = (known.account_id, known.user_id) if known else (entity.get("accountId"), None)
        change = platform.world.apply(
            environment,
            organization.id,
            entity_type,
            event_type,
            {**(known.entity if known else {}), **entity},
            account_id=account_id,
            user_id=user_id or entity.get("userId"),
        )
        platform.publish(change)
        return {"entity": change.entity}
    message = props_text_message(entity_type, event_type, None, as_json(entity).decode())
    for socket in chosen_sockets(platform, body):
        socket.enqueue(message)
    return {"entity": entity}


def mutate(platform: Platform, body: Body) -> Body:
    """Change fields of an entity without an event: drift."""
    organization, environment = needed_organization(platform, body), environment_of(body)
    book = platform.world.book(environment, organization.id)
    known = book.get(str(body["entityType"]), int(body["id"]))
    if known is None:
        raise ControlError("no such entity")
    known.entity = {**known.entity, **body["fields"]}
    return {"entity": known.entity}


def delete(platform: Platform, body: Body) -> Body:
    """Delete an entity without an event."""
    organization, environment = needed_organization(platform, body), environment_of(body)
    gone = platform.world.book(environment, organization.id).remove(str(body["entityType"]), int(body["id"]))
    if gone is None:
        raise ControlError("no such entity")
    return {"entity": gone.entity}

"""Control verbs about writes: make them fail in every way, look at what was applied, and be the trader who signs."""

import dataclasses
import datetime as dt
from collections.abc import Callable

from vendor_admin.sandbox.control.selection import Body, ControlError, needed_organization, organization_of
from vendor_admin.sandbox.ledger import as_json
from vendor_admin.sandbox.limits import EndpointLimit
from vendor_admin.sandbox.platform import Platform, epoch_now
from vendor_admin.sandbox.wire.frames import props_text_message
from vendor_admin.sandbox.world.times import timestamp
from vendor_admin.sandbox.writes.catalogue import WRITES
from vendor_admin.sandbox.writes.faults import WriteFault, WriteRule
from vendor_admin.sandbox.writes.hidden import templates_of
from vendor_admin.sandbox.writes.rules.payments import billing_account_id
from vendor_admin.sandbox.writes.settings import COMMENTS, WriteSettings
from vendor_admin.sandbox.writes.targets import change_user
from vendor_admin.tradovate.enums import Environment

AGREEMENT_ALERT = 1
USER_STATUSES = ("Active", "Closed", "Initiated", "TemporaryLocked", "UnconfirmedEmail")


def spoil_writes(platform: Platform, body: Body) -> None:
    """Spoil the next `calls` writes of a `path`: `fault` is one of WriteFault."""
    path = str(body.get("path", ""))
    if path and path.lower() not in {known.lower() for known in WRITES}:
        raise ControlError(f"no write {path}; known: {', '.join(sorted(WRITES))}")
    organization = organization_of(platform, body)
    platform.writes.rules.rules.append(
        WriteRule(
            fault=WriteFault(str(body["fault"])),
            path=path,
            organization=organization.name if organization else "",
            environment=Environment(body["environment"]).value if body.get("environment") else "",
            calls=int(body.get("calls", 1)),
            applies=bool(body.get("applies", True)),
            locks=bool(body.get("locks", True)),
            seconds=float(body.get("seconds", 0.0)),
            text=str(body.get("text", "")),
        )
    )


def set_up_writes(platform: Platform, body: Body) -> Body:
    """Change how writes are treated from now on; see WriteSettings. Without fields it only tells."""
    settings = platform.writes.settings
    for name, value in body.items():
        if not hasattr(settings, name):
            raise ControlError(f"unknown setting {name}")
        if name == "comments" and value not in COMMENTS:
            raise ControlError(f"comments is one of {', '.join(COMMENTS)}")
        setattr(settings, name, type(getattr(settings, name))(value))
    return dataclasses.asdict(settings)


def count_writes(platform: Platform, body: Body) -> Body:
    """Path -> outcome -> how often; with `path` of one."""
    counts = platform.writes.journal.counts()
    return {"writes": {path: count for path, count in counts.items() if body.get("path") in (None, path)}}


def forget_writes(platform: Platform, body: Body) -> None:
    """Back to normal: no faults that wait, settings as at the start, counts from nothing."""
    platform.writes.rules.rules.clear()
    platform.writes.journal.clear()
    for name, value in dataclasses.asdict(WriteSettings()).items():
        setattr(platform.writes.settings, name, value)


def set_clock(platform: Platform, body: Body) -> Body:
    """Let session dates, market data months and maintenance windows go by another time: `at`, ISO with an offset."""
    settings = platform.writes.settings
    if "at" in body:
        at = dt.datetime.fromisoformat(str(body["at"]))
        if at.tzinfo is None:
            raise ControlError("at needs an offset, for example 2026-11-30T19:05:00-06:00")
        settings.clock_offset_seconds = at.timestamp() - epoch_now()
    else:
        settings.clock_offset_seconds = 0.0
    return {"clock_offset_seconds": settings.clock_offset_seconds}


def set_endpoint_limit(platform: Platform, body: Body) -> Body:
    """Limit an endpoint to `calls` an hour, or with `calls` null to none."""
    endpoint = str(body["endpoint"])
    if body["calls"] is None:
        platform.limits.endpoint_limits.pop(endpoint, None)
    else:
        platform.limits.endpoint_limits[endpoint] = EndpointLimit(
            int(body["calls"]), float(body.get("back_off_seconds", 1.0)), bool(body.get("counts_successes", True))
        )
    return {name: dataclasses.asdict(limit) for name, limit in platform.limits.endpoint_limits.items()}


def set_funds_scope(platform: Platform, body: Body) -> None:
    """Give an organization's key the permission Funds:FullAccess, or take it."""
    needed_organization(platform, body).has_funds_scope = bool(body.get("on", True))


def tell_ids(platform: Platform, body: Body) -> Body:
    """The ids that a vendor reads off the platform's dashboards: templates, billing account, plans, entitlements."""
    organization = needed_organization(platform, body)
    book = platform.world.book(Environment.DEMO, organization.id)
    live = platform.world.view(Environment.LIVE, organization.id)
    desk = platform.writes.desk(organization, Environment.LIVE, now=epoch_now())
    named = ("tradovateSubscriptionPlan", "entitlement", "marketDataSubscriptionPlan")
    return {
        "templates": [dataclasses.asdict(template) for template in templates_of(book, organization).values()],
        "billing_account_id": billing_account_id(desk),
        **{name: {record.entity["name"]: record.entity["id"] for record in live.all(name)} for name in named},
    }


def sign_agreement(platform: Platform, body: Body) -> Body:
    """A `user` signs the market data agreement; the notice passes by the entity type filter.

    It comes on LIVE as an adminAlertSignal, with `other_environment` on DEMO as an OtherEnvAdminAlertSignal, and with
    `notice` false not at all.
    """
    organization, user_id = needed_organization(platform, body), int(body["user"])
    if platform.world.book(Environment.LIVE, organization.id).get("user", user_id) is None:
        raise ControlError("no such user")
    platform.world.agreements.add(user_id)
    signal = {
        "id": platform.writes.hidden.next_id("signal", organization),
        "timestamp": timestamp(dt.datetime.fromtimestamp(epoch_now(), dt.UTC)),
        "adminAlertId": AGREEMENT_ALERT,
        "relatedToUserId": user_id,
        "text": "Market data agreement signed",
        "emailSent": False,
        "subjectId": user_id,
    }
    if body.get("notice", True):
        own = platform.world.apply(
            Environment.LIVE, organization.id, "adminAlertSignal", "Created", signal, user_id=user_id
        )
        if body.get("other_environment"):
            _send_to_other_environment(platform, organization.id, signal, user_id)
        else:
            platform.publish(own)
    return {"signal": signal}


def change_user_status(platform: Platform, body: Body) -> Body:
    """A `user` gets another `status` on both hosts, with the events."""
    organization, status = needed_organization(platform, body), str(body["status"])
    if status not in USER_STATUSES:
        raise ControlError(f"status is one of {', '.join(USER_STATUSES)}")
    desk = platform.writes.desk(organization, Environment.LIVE, now=epoch_now())
    if desk.book().get("user", int(body["user"])) is None:
        raise ControlError("no such user")
    entity = change_user(desk, int(body["user"]), status=status)
    for change in desk.changes:
        platform.publish(change)
    return {"entity": entity}


def _send_to_other_environment(platform: Platform, organization_id: int, signal: Body, user_id: int) -> None:
    """The wrapped form, to every DEMO socket whose shard the user belongs to, whatever entity types it asked for."""
    text = as_json({"adminAlertSignal": signal}).decode()
    message = props_text_message("OtherEnvAdminAlertSignal", "Created", None, text)
    for socket in platform.channels.get((Environment.DEMO, organization_id), ()):
        if socket.scope is not None and socket.scope.passes("adminAlertSignal", None, user_id):
            socket.enqueue(message)


WRITE_ACTIONS: dict[str, Callable[[Platform, Body], Body | None]] = {
    "write": spoil_writes,
    "write-settings": set_up_writes,
    "writes": count_writes,
    "clear-writes": forget_writes,
    "clock": set_clock,
    "endpoint-limit": set_endpoint_limit,
    "funds-scope": set_funds_scope,
    "ids": tell_ids,
    "sign-agreement": sign_agreement,
    "user-status": change_user_status,
}

"""Names of events from rows alone."""

import json
from typing import Any

import pytest

from vendor_admin.sync.events.event_types import (
    CATALOGUE,
    SERVICE_KIND,
    Chosen,
    entity_types_of,
    event_type_of,
    facts_of,
    is_event_type,
    needs_earlier,
    snake,
)
from vendor_admin.sync.models import Kind

NORMAL, LOCKED = {"adminAction": "Normal"}, {"adminAction": "LockTradingImmediately"}
LIQUIDATED = {"adminAction": "AgreedOnLiquidationByAutoLiq"}


def name(entity_type: str, kind: int, now: dict[str, Any], before: dict[str, Any] | None = None) -> str:
    earlier = None if before is None else facts_of(json.dumps(before))
    return event_type_of(entity_type, kind, facts_of(json.dumps(now)), earlier)


@pytest.mark.parametrize(
    ("entity_type", "kind", "now", "before", "expected"),
    [
        ("account", Kind.CREATED, {}, None, "account.created"),
        ("account", Kind.UPDATED, {"active": True}, {"active": False}, "account.updated"),
        ("account", Kind.UPDATED, {"closed": True}, {}, "account.closed"),
        ("account", Kind.UPDATED, {"closed": True}, {"closed": True}, "account.updated"),
        ("account", Kind.UPDATED, {"archived": True}, {}, "account.archived"),
        ("account", Kind.UPDATED, {"closed": True}, None, "account.updated"),
        ("account", Kind.RESYNC, {}, None, "account.created"),
        ("account", Kind.RESYNC, {}, {}, "account.updated"),
        ("account", Kind.VANISHED, {}, None, "account.deleted"),
        ("account", Kind.SNAPSHOT, {}, None, "account.snapshot"),
        ("accountRiskStatus", Kind.CREATED, NORMAL, None, "account_risk_status.created"),
        ("accountRiskStatus", Kind.CREATED, LOCKED, None, "account.locked"),
        ("accountRiskStatus", Kind.UPDATED, LOCKED, NORMAL, "account.locked"),
        ("accountRiskStatus", Kind.UPDATED, LOCKED, LOCKED, "account_risk_status.updated"),
        ("accountRiskStatus", Kind.UPDATED, LOCKED, None, "account_risk_status.updated"),
        ("accountRiskStatus", Kind.UPDATED, NORMAL, LOCKED, "account.unlocked"),
        ("accountRiskStatus", Kind.UPDATED, LIQUIDATED, LOCKED, "account.liquidated"),
        ("accountRiskStatus", Kind.UPDATED, {"liquidateOnly": "2026-11-20T15:00:00Z"}, NORMAL, "account.closing_only"),
        ("userAccountAutoLiq", Kind.UPDATED, {}, None, "account.limit_changed"),
        ("userAccountPositionLimit", Kind.DELETED, {}, None, "account.limit_changed"),
        ("cashBalance", Kind.UPDATED, {"amount": 1}, None, "balance.changed"),
        ("user", Kind.CREATED, {}, None, "member.created"),
        ("user", Kind.UPDATED, {"status": "Closed"}, {"status": "Active"}, "member.closed"),
        ("user", Kind.UPDATED, {"status": "TemporaryLocked"}, {"status": "Active"}, "member.locked"),
        ("user", Kind.UPDATED, {"status": "Closed"}, {"status": "Closed"}, "member.updated"),
        ("contactInfo", Kind.CREATED, {}, None, "member.updated"),
        ("tradingPermission", Kind.UPDATED, {"status": "Revoked"}, {"status": "Accepted"}, "permission.revoked"),
        ("tradingPermission", Kind.UPDATED, {"status": "Accepted"}, {"status": "Requested"}, "permission.granted"),
        ("tradovateSubscription", Kind.UPDATED, {"cancelledRenewal": True}, {}, "subscription.cancelled"),
        ("userPlugin", Kind.CREATED, {}, None, "subscription.created"),
        ("order", Kind.CREATED, {"ordStatus": "PendingNew"}, None, "order.created"),
        ("order", Kind.UPDATED, {"ordStatus": "Filled"}, None, "order.filled"),
        ("order", Kind.UPDATED, {"ordStatus": "PendingCancel"}, None, "order.updated"),
        ("fill", Kind.CREATED, {"active": True}, None, "fill.created"),
        ("fill", Kind.UPDATED, {"active": False}, None, "fill.taken_back"),
        ("marginSnapshot", Kind.UPDATED, {}, None, "margin_snapshot.updated"),
        ("plan", SERVICE_KIND, {"state": "preview", "earlierState": None}, None, "plan.created"),
        ("plan", SERVICE_KIND, {"state": "running", "earlierState": "held"}, None, "plan.started"),
        ("plan", SERVICE_KIND, {"state": "running", "earlierState": "paused"}, None, "plan.resumed"),
        ("operation", SERVICE_KIND, {"state": "needs_person"}, None, "operation.needs_person"),
        ("gap", SERVICE_KIND, {"state": "open"}, None, "sync.gap"),
        ("gap", SERVICE_KIND, {"state": "repaired"}, None, "sync.gap_repaired"),
    ],
)
def test_a_row_has_the_name_of_what_it_says(
    entity_type: str, kind: int, now: dict[str, Any], before: dict[str, Any] | None, expected: str
) -> None:
    assert name(entity_type, kind, now, before) == expected
    assert entity_type in entity_types_of([expected]), "a filter by this name would miss it"
    assert is_event_type(expected)
    assert (before is None) or needs_earlier(entity_type, kind)


def test_what_cannot_be_read_still_has_a_name() -> None:
    for payload in ("[]", "1", '"x"', '{"status": ' + "9" * 5000 + "}", '{"status": {"a": [1]}}'):
        assert event_type_of("user", Kind.UPDATED, facts_of(payload), facts_of("{}")) == "member.updated"
    assert event_type_of("Odd Type-€", Kind.CREATED, facts_of("{}"), None) == "odd_type.created"
    assert snake("€€") == "unknown"


def test_every_name_of_the_catalogue_can_be_chosen_alone_or_by_its_noun() -> None:
    for known in CATALOGUE:
        noun = known.partition(".")[0]
        assert Chosen([known]).has(known)
        assert Chosen([f"{noun}.*"]).has(known)
        assert not Chosen(["other.*"]).has(known)
        assert is_event_type(f"{noun}.*")
    assert not is_event_type("account.sneezed")
    assert not is_event_type("*")

"""What reading tells of an order, a liquidation or a strategy without an answer."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.tradovate.operations.examples import BODIES
from tests.tradovate.operations.settled import MARK, READ_AT, SENT_AT
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES, LookUp, Reading

DEMO = Environment.DEMO
NEW, OLD = "2026-11-10T18:00:02Z", "2026-11-01T09:00:00Z"
PLACING = ("order/placeorder", "order/placeoco", "order/placeoso")
TRADING = [path for path in WRITES if path.startswith(("order/", "orderStrategy/")) and path != "order/dryrun"]

Found = Mapping[str, Sequence[dict[str, Any]]]


def reading(found: Found, *, mark: str = MARK, read_at: datetime = READ_AT) -> Reading:
    return Reading(environment=DEMO, sent_at=SENT_AT, read_at=read_at, found=found, mark=mark)


def happened(path: str, found: Found, *, mark: str = MARK, read_at: datetime = READ_AT) -> bool | None:
    write = WRITES[path]
    (request,) = write.split(write.parse(BODIES[path]))
    return write.happened(request, reading(found, mark=mark, read_at=read_at))


def further(path: str, found: Found) -> list[tuple[str, str, Any]]:
    write = WRITES[path]
    (request,) = write.split(write.parse(BODIES[path]))
    return [(one.entity_type, one.by, one.key) for one in write.further(request, reading(found))]


def order(**fields: Any) -> dict[str, Any]:
    return {"id": 600, "accountId": 200, "contractId": 700, "timestamp": NEW, "ordStatus": "Working", **fields}


def command(**fields: Any) -> dict[str, Any]:
    return {"id": 900, "orderId": 600, "commandType": "New", "clOrdId": f"{MARK}-mine-1", **fields}


@pytest.mark.parametrize("path", TRADING)
def test_what_trades_is_never_sent_again_by_itself(path: str) -> None:
    assert WRITES[path].is_sent_again is False
    assert WRITES[path].operation.harmless_to_repeat is False


def test_what_only_asks_may_be_sent_again() -> None:
    for path in ("order/dryrun", "contract/rollcontract", "contract/rollcontracts", "contract/getproductfeeparams"):
        assert WRITES[path].settling is None
        assert WRITES[path].is_sent_again
        assert WRITES[path].operation.harmless_to_repeat


@pytest.mark.parametrize("path", PLACING)
@pytest.mark.parametrize(
    ("orders", "commands", "verdict"),
    [
        ([order()], [command()], True),
        ([order(ordStatus="Rejected")], [command(commandStatus="RiskRejected")], True),
        ([order()], [command(clOrdId="9ZZZZZZZ-mine-1")], False),
        ([order()], [command(clOrdId=None)], False),
        ([order()], [], None),
        ([order(), order(id=601)], [command(clOrdId="x")], None),
        ([order(timestamp=OLD)], [], False),
        ([order(timestamp=None)], [], None),
        ([order(accountId=201)], [], False),
        ([], [], False),
    ],
)
def test_an_order_is_settled_by_the_command_with_our_mark(
    path: str, orders: list[Any], commands: list[Any], verdict: bool | None
) -> None:
    assert happened(path, {"order": orders, "command": commands}) is verdict


def test_lists_without_our_order_prove_nothing_once_the_session_is_over() -> None:
    next_session = datetime(2026, 11, 10, 23, 1, tzinfo=UTC)
    assert happened(PLACING[0], {"order": [], "command": []}, read_at=next_session) is None
    assert happened(PLACING[0], {"order": [order()], "command": [command()]}, read_at=next_session) is True


def test_an_operation_without_a_mark_is_never_found() -> None:
    for path in TRADING:
        if path not in ("orderStrategy/interruptorderstrategy",):
            assert happened(path, {}, mark="") is None


def test_the_commands_of_new_orders_are_read_ten_orders_at_a_time() -> None:
    orders = [order(id=number) for number in range(601, 613)] + [order(id=5, timestamp=OLD), order(id=6, accountId=9)]
    ids = [str(number) for number in range(601, 613)]
    assert further(PLACING[0], {"order": orders}) == [
        ("command", "ldeps", ",".join(ids[:10])),
        ("command", "ldeps", ",".join(ids[10:])),
    ]


def test_of_too_many_new_orders_no_command_is_read_and_nothing_is_told() -> None:
    orders = [order(id=number) for number in range(1, 52)]
    assert further(PLACING[0], {"order": orders}) == []
    assert happened(PLACING[0], {"order": orders, "command": []}) is None


@pytest.mark.parametrize("path", ["order/modifyorder", "order/cancelorder"])
@pytest.mark.parametrize(
    ("commands", "verdict"),
    [
        ([command(clOrdId=None), command(id=901, commandType="Cancel")], True),
        ([command(clOrdId=None)], False),
        ([command(orderId=601, clOrdId=None)], None),
        ([], None),
    ],
)
def test_a_change_is_settled_by_the_commands_of_its_order(path: str, commands: list[Any], verdict: bool | None) -> None:
    assert happened(path, {"command": commands, "order": [order()]}) is verdict


def test_a_cancelled_order_is_what_a_cancellation_asked_for() -> None:
    cancelled = {"command": [command(clOrdId=None)], "order": [order(ordStatus="Canceled")]}
    assert happened("order/cancelorder", cancelled) is True
    assert happened("order/modifyorder", cancelled) is False


def position(**fields: Any) -> dict[str, Any]:
    return {"id": 701, "accountId": 200, "contractId": 700, "netPos": 2, **fields}


MONDAY, TUESDAY = ({"year": 2026, "month": 11, "day": day} for day in (9, 10))
TAGGED = command(clOrdId=None, customTag50=f"{MARK} out")
OVER, UNTAGGED = order(ordStatus="Filled"), command(clOrdId=None)


@pytest.mark.parametrize(
    ("positions", "orders", "commands", "verdict"),
    [
        ([position()], [order()], [TAGGED], True),
        ([position()], [order(ordStatus="Rejected")], [TAGGED], False),
        ([position(netPos=0)], [], [], True),
        ([position(netPos=0)], [OVER], [UNTAGGED], True),
        ([position(netPos=0)], [order()], [UNTAGGED], None),
        ([position(netPos=0)], [order(contractId=701)], [UNTAGGED], True),
        ([position()], [], [], False),
        ([position(netPos=-2)], [OVER], [UNTAGGED], False),
        ([position()], [OVER], [], None),
        ([position(contractId=701)], [], [], None),
        ([position(tradeDate=MONDAY), position(id=702, netPos=0, tradeDate=TUESDAY)], [], [], True),
        ([position(id=702, netPos=0, tradeDate=MONDAY), position(tradeDate=TUESDAY)], [], [], False),
        ([position(timestamp=NEW, netPos=0), position(id=702, timestamp=OLD)], [], [], True),
        ([position(netPos=None)], [], [], None),
        ([], [], [], None),
    ],
)
def test_a_liquidation_is_settled_by_its_tag_and_the_position(
    positions: list[Any], orders: list[Any], commands: list[Any], verdict: bool | None
) -> None:
    assert happened("order/liquidateposition", {"position": positions, "order": orders, "command": commands}) is verdict


@pytest.mark.parametrize(
    ("positions", "orders", "commands", "verdict"),
    [
        ([position(netPos=0)], [], [], True),
        ([position()], [OVER], [TAGGED], True),
        ([position()], [OVER], [UNTAGGED], False),
        ([position()], [order(id=650, accountId=201)], [{**TAGGED, "orderId": 650}], False),
        ([position()], [OVER], [], None),
        ([position(id=702, netPos=0)], [], [], None),
        ([], [], [], None),
    ],
)
def test_each_of_many_liquidated_positions_is_settled_by_itself(
    positions: list[Any], orders: list[Any], commands: list[Any], verdict: bool | None
) -> None:
    found = {"position": positions, "order": orders, "command": commands}
    assert happened("order/liquidatepositions", found) is verdict


def test_the_orders_of_an_account_are_read_only_where_its_position_is_still_open() -> None:
    path = "order/liquidatepositions"
    assert further(path, {"position": [position(netPos=0)]}) == []
    assert further(path, {"position": [position()]}) == [("order", "deps", 200)]
    assert further(path, {"position": [position()], "order": [order()]}) == [
        ("order", "deps", 200),
        ("command", "ldeps", "600"),
    ]


@pytest.mark.parametrize(
    ("strategies", "verdict"),
    [
        ([{"id": 800, "uuid": f"{MARK}-5f0c"}], True),
        ([{"id": 800, "uuid": "5f0c"}], False),
        ([{"id": 800}], None),  # it may be ours: the platform may have left our uuid out
        ([], False),
    ],
)
def test_a_started_strategy_is_settled_by_its_uuid(strategies: list[Any], verdict: bool | None) -> None:
    path = "orderStrategy/startorderstrategy"
    assert happened(path, {"orderStrategy": strategies}) is verdict
    tomorrow = datetime(2026, 11, 11, 18, 0, tzinfo=UTC)
    assert happened(path, {"orderStrategy": strategies}, read_at=tomorrow) is (True if verdict else None)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("ExecutionInterrupted", True),
        ("StoppedByUser", True),
        ("ExecutionFinished", True),
        ("ActiveStrategy", False),
        ("InactiveStrategy", None),
        ("StatusOfTomorrow", None),
        (None, None),
    ],
)
def test_an_interrupted_strategy_is_settled_by_its_status(status: str | None, verdict: bool | None) -> None:
    path = "orderStrategy/interruptorderstrategy"
    assert happened(path, {"orderStrategy": [{"id": 800, "status": status}]}) is verdict
    assert happened(path, {"orderStrategy": [{"id": 801, "status": status}]}) is None


def test_a_modified_strategy_is_settled_by_our_tag_or_by_a_person() -> None:
    path = "orderStrategy/modifyorderstrategy"
    strategy = {"id": 800, "status": "ActiveStrategy"}
    assert happened(path, {"orderStrategy": [{**strategy, "customTag50": f"{MARK} tag"}]}) is True
    assert happened(path, {"orderStrategy": [strategy]}) is None


@pytest.mark.parametrize(
    ("path", "attribute", "expected", "longest"),
    [
        ("order/placeorder", "cl_ord_id", f"{MARK}-mine-1", 64),
        ("order/placeoco", "cl_ord_id", f"{MARK}-mine-1", 64),
        ("order/placeoso", "cl_ord_id", f"{MARK}-mine-1", 64),
        ("order/modifyorder", "cl_ord_id", MARK, 64),
        ("order/cancelorder", "cl_ord_id", f"{MARK}-mine-3", 64),
        ("order/liquidateposition", "custom_tag50", MARK, 50),
        ("order/liquidatepositions", "custom_tag50", f"{MARK} out", 50),
        ("orderStrategy/startorderstrategy", "uuid", f"{MARK}-5f0c", 64),
        ("orderStrategy/modifyorderstrategy", "custom_tag50", f"{MARK} tag", 50),
    ],
)
def test_the_mark_stands_first_in_the_field_that_the_platform_keeps(
    path: str, attribute: str, expected: str, longest: int
) -> None:
    write = WRITES[path]
    assert getattr(write.marked(write.parse(BODIES[path]), MARK), attribute) == expected
    wire_name = write.request.__struct_encode_fields__[write.request.__struct_fields__.index(attribute)]
    full = write.marked(write.parse({**BODIES[path], wire_name: "x" * longest}), MARK)
    assert len(getattr(full, attribute)) == longest
    assert write.parse(write.body(full)) == full


def test_an_order_is_looked_for_where_it_was_placed() -> None:
    write = WRITES[PLACING[0]]
    request = write.parse(BODIES[write.path])
    for environment in Environment:
        assert write.look_ups(request, environment) == (LookUp(environment, "order", "deps", 200),)


def test_reading_shows_the_id_that_a_lost_answer_would_have_told() -> None:
    def shown(path: str, found: Found) -> Any:
        write = WRITES[path]
        return write.shown(write.parse(BODIES[path]), reading(found))

    orders = [order(), order(id=601, parentId=600), order(id=602, parentId=600)]
    commands = [command(), command(id=901, orderId=601), command(id=902, orderId=602)]
    assert shown("order/placeoso", {"order": orders, "command": commands}) == {"orderId": 600}
    assert shown("order/placeorder", {"order": orders, "command": []}) == {}
    strategies = [{"id": 799, "uuid": "other"}, {"id": 800, "uuid": f"{MARK}-5f0c"}]
    assert shown("orderStrategy/startorderstrategy", {"orderStrategy": strategies}) == {"orderStrategy": {"id": 800}}

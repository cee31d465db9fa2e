"""The pages of orders and strategies: what happened, why it was refused, and what belongs together."""

import json
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from risk.orders.families import DEEPEST, Node, tree_of
from risk.orders.words import terms_in_words
from tests.support.partner_api.api import Api
from tests.support.shared_material import shared_material
from tests.support.staff_and_rows import Writer
from vendor_admin.mirrors.models import OrderVersion
from vendor_admin.mirrors.rules.order_reasons import REASONS, reason_in_words
from vendor_admin.organizations.models import Organization

ENTRY, TARGET, STOP, STRATEGY = 700, 701, 702, 690


@pytest.fixture
def bracket(alpha: Organization, write: Writer) -> None:
    """An entry that was filled, with a target and a stop of a strategy, of which one cancels the other."""
    write.mirror("account", alpha, 18, name="ALPHA18")
    write.mirror("contract", alpha, 43, name="MESZ6")
    write.mirror("orderStrategy", alpha, STRATEGY, account_id=18, contract_id=43, action="Buy", status="ActiveStrategy")
    write_order(write, alpha, ENTRY, "Buy", "Filled", "Market")
    write_order(write, alpha, TARGET, "Sell", "Working", "Limit", price="6700.25", parent_id=ENTRY, oco_id=TARGET)
    write_order(write, alpha, STOP, "Sell", "Working", "Stop", stop_price="6680", parent_id=ENTRY, oco_id=TARGET)
    write.mirror("orderStrategyLink", alpha, 695, order_strategy_id=STRATEGY, order_id=ENTRY, label="entry")
    write.mirror("commandReport", alpha, 710, account_id=18, command_id=ENTRY, command_status="RiskPassed")
    write.mirror("fill", alpha, 711, account_id=18, order_id=ENTRY, contract_id=43, qty=2, price="6690.5", active=True)


def write_order(
    write: Writer, alpha: Organization, number: int, action: str, state: str, kind: str, **more: Any
) -> None:
    terms = {name: more.pop(name) for name in ("price", "stop_price") if name in more}
    write.mirror("order", alpha, number, account_id=18, contract_id=43, action=action, ord_status=state, **more)
    write.mirror(
        "orderVersion", alpha, number, account_id=18, order_id=number, order_qty=2, order_type=kind,
        time_in_force="Day", **terms,
    )  # fmt: skip
    write.mirror(
        "command", alpha, number, account_id=18, order_id=number, command_type="New", command_status="AtExecution"
    )


def text_of(client: Client, model: str, number: int) -> str:
    answer = client.get(reverse(f"admin:mirrors_{model}_change", args=[number]))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_page_of_an_order_tells_what_was_asked_answered_and_traded(alice: Client, bracket: None) -> None:
    page = text_of(alice, "order", ENTRY)

    assert "Buy MESZ6, order 700" in page
    history = page[page.index("What happened") :]
    asked, answered, traded = (history.index(one) for one in ("New asked for", "RiskPassed", "2 at 6,690.5"))
    assert asked < answered < traded
    assert "2 Market, Day" in page


@pytest.mark.parametrize(("model", "number"), [("order", ENTRY), ("order", STOP), ("orderstrategy", STRATEGY)])
def test_orders_that_belong_together_stand_in_one_tree(alice: Client, bracket: None, model: str, number: int) -> None:
    page = text_of(alice, model, number)
    tree = page[page.index("Orders that belong together") :]

    assert "Sell MESZ6 2 Limit, limit 6,700.25, Day" in tree
    assert "Sell MESZ6 2 Stop, stop 6,680, Day" in tree
    assert tree.count('aria-current="true"') == 1


def test_a_refused_order_says_why_in_plain_words_with_the_term_and_the_platforms_text(
    alice: Client, alpha: Organization, write: Writer
) -> None:
    write_order(write, alpha, 800, "Buy", "Rejected", "Market")
    write.mirror(
        "commandReport", alpha, 801, account_id=18, command_id=800, command_status="RiskRejected",
        reject_reason="LiquidationOnly", text="Set by your risk desk.",
    )  # fmt: skip

    page = text_of(alice, "order", 800)

    assert "The account may only close positions now. <code>LiquidationOnly</code>" in page
    assert "Set by your risk desk." in page


def test_a_program_reads_why_an_order_was_rejected(alpha: Organization, bracket: None, write: Writer) -> None:
    write_order(write, alpha, 800, "Buy", "Rejected", "Market")
    report = {"command_status": "RiskRejected", "reject_reason": "LiquidationOnly", "text": "Set by your risk desk."}
    write.mirror("commandReport", alpha, 801, account_id=18, command_id=800, **report)

    told = Api.of(alpha).get("/api/v1/orders?account=18&fields=id,rejection").json()["data"]

    rejections = {order["id"]: order["rejection"] for order in told}
    assert rejections.pop("800") == {
        "reason": "LiquidationOnly",
        "words": "The account may only close positions now.",
        "text": "Set by your risk desk.",
    }
    assert set(rejections.values()) == {None}


def test_an_open_list_of_orders_shows_new_ones_by_itself(
    alice: Client, alpha: Organization, bracket: None, write: Writer
) -> None:
    address = reverse("admin:mirrors_order_changelist")
    assert 'data-refresh-seconds="10"' in alice.get(address).content.decode()
    write_order(write, alpha, 820, "Sell", "Working", "Limit", price="6701")

    renewed = alice.get(address, headers={"X-Requested-With": "fetch"}).content.decode()

    assert "820" in renewed
    assert "<tr>" in renewed
    assert "<html" not in renewed


def test_an_older_page_of_a_list_stays_as_it_is(alice: Client, bracket: None) -> None:
    page = alice.get(reverse("admin:mirrors_order_changelist") + "?before=[702,%22demo%22]").content.decode()

    assert "data-refresh-seconds" not in page


def test_an_order_that_nothing_more_was_told_of_has_a_page(alice: Client, alpha: Organization, write: Writer) -> None:
    write.mirror("order", alpha, 810, account_id=18)

    assert "told nothing more of it" in text_of(alice, "order", 810)


def test_the_page_takes_as_many_queries_for_many_steps_as_for_few(
    alice: Client, alpha: Organization, bracket: None, write: Writer
) -> None:
    address = reverse("admin:mirrors_order_change", args=[ENTRY])
    alice.get(address)
    with CaptureQueriesContext(connection) as few:
        alice.get(address)
    for number in range(900, 930):
        write.mirror("command", alpha, number, account_id=18, order_id=ENTRY, command_type="Modify")
        write.mirror("fill", alpha, number, account_id=18, order_id=ENTRY, qty=1, price="6690", active=True)
    with CaptureQueriesContext(connection) as many:
        alice.get(address)

    assert len(many) == len(few)


def test_orders_that_name_each_other_as_parents_end_somewhere() -> None:
    one = SimpleNamespace(entity_id=1, parent_id=2, oco_id=None)
    other = SimpleNamespace(entity_id=2, parent_id=1, oco_id=None)
    own = SimpleNamespace(entity_id=3, parent_id=3, oco_id=None)

    def depth(node: Node) -> int:
        return 1 + max(map(depth, node.children), default=0)

    trees = tree_of([one, other, own])

    assert [node.row for node in trees] == [own]
    assert max(map(depth, trees), default=0) <= DEEPEST + 1


def test_every_reason_of_the_documents_has_plain_words() -> None:
    schemas = json.loads(shared_material("tradovate/openapi.json").read_text())["components"]["schemas"]
    documented = set(schemas["PlaceOrderResultFailureReason"]["enum"])

    assert documented <= set(REASONS)
    assert reason_in_words("SomethingNew") == "Something new."


@pytest.mark.parametrize(
    ("kind", "words"), [("Limit", "2 Limit, limit 6,600, Day"), ("MIT", "2 MIT, touched 6,600, Day")]
)
def test_the_price_of_an_order_is_called_what_it_is_by_its_type(kind: str, words: str) -> None:
    version = OrderVersion(order_qty=2, order_type=kind, price=Decimal("6600.0"), time_in_force="Day")
    assert terms_in_words(version) == words


def test_the_menu_leads_to_the_strategies(alice: Client) -> None:
    page = alice.get(reverse("admin:mirrors_order_changelist")).content.decode()
    assert f'href="{reverse("admin:mirrors_orderstrategy_changelist")}"' in page

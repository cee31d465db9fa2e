"""What liquidations did, how risk statuses changed, and the reference lists beside them, as staff see them."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.staff_and_rows import NOW, Writer, page_text
from vendor_admin.mirrors.rules.liquidations import cancelled_in_words, closed_in_words
from vendor_admin.organizations.models import Organization

QUANTITIES = (
    "cancelled_buy_limit_qty",
    "cancelled_buy_stop_qty",
    "cancelled_sell_limit_qty",
    "cancelled_sell_stop_qty",
)
LISTS = (
    "accountRiskStatusLog", "autoLiqTransaction", "productMargin", "contractMargin", "productSession", "currencyRate",
    "categoryPositionLimit", "categoryRiskParameter", "riskTimePeriod", "contractGroup", "orderStrategyType",
)  # fmt: skip


@pytest.mark.parametrize(("net", "closed"), [(2, "long 2"), (-1_500, "short 1,500"), (0, "nothing"), (None, "")])
def test_what_was_closed_is_said_by_its_side(net: int | None, closed: str) -> None:
    assert closed_in_words(SimpleNamespace(liquidated_net_pos=net)) == closed


def test_what_was_cancelled_is_said_by_side_and_type() -> None:
    of = dict.fromkeys(QUANTITIES, 0)
    assert cancelled_in_words(SimpleNamespace(**of)) == "nothing"
    assert cancelled_in_words(SimpleNamespace(**dict.fromkeys(QUANTITIES))) == "nothing"
    some = of | {"cancelled_sell_stop_qty": 1, "cancelled_buy_limit_qty": 2}
    assert cancelled_in_words(SimpleNamespace(**some)) == "2 buy limit, 1 sell stop"


def test_an_account_page_says_what_was_liquidated_and_how_the_risk_status_changed(
    alice: Client, alpha: Organization, write: Writer
) -> None:
    write.mirror("account", alpha, 7, name="EVAL7")
    write.mirror("contract", alpha, 9, name="ESZ6")
    assert "Auto-liquidations all None." in _words(alice.get(reverse("account", args=[7])))
    closed = {"contract_id": 9, "liquidated_net_pos": 2, "cancelled_sell_stop_qty": 2, "initiator": "Admin"}
    write.mirror("autoLiqTransaction", alpha, 70, account_id=7, timestamp=NOW, admin_action="Normal", **closed)
    write.mirror("autoLiqTransaction", alpha, 71, account_id=8, contract_id=9, liquidated_net_pos=5)
    write.mirror("accountRiskStatusLog", alpha, 80, account_id=7, timestamp=NOW, max_net_liq=51_000)
    write.mirror("accountRiskStatusLog", alpha, 81, account_id=7, admin_action="LiquidateImmediately")
    write.mirror("accountRiskStatusLog", alpha, 82, account_id=7, admin_action="DisableAutoLiq", environment="live")
    page = _words(alice.get(reverse("account", args=[7])))
    assert "ESZ6 long 2 2 sell stop Normal Admin" in page
    assert "LiquidateImmediately" in page
    assert "51,000.00" in page
    assert "DisableAutoLiq" not in page
    assert "long 5" not in page


def test_reference_lists_call_things_by_their_names(alice: Client, alpha: Organization, write: Writer) -> None:
    write.mirror("product", alpha, 5, name="NQ")
    write.mirror("contract", alpha, 9, name="ESZ6")
    write.mirror("currency", alpha, 2, name="EUR")
    write.mirror("productMargin", alpha, 5, initial_margin="1000.5")
    write.mirror("contractMargin", alpha, 9, initial_margin=500)
    write.mirror("productSession", alpha, 5, open_time="17:00", stop_time="16:00")
    write.mirror("currencyRate", alpha, 2, rate="1.0842")
    write.mirror("riskCategory", alpha, 3, name="Small")
    write.mirror("riskTimePeriod", alpha, 4, name="Day session", start_time="17:00", stop_time="15:55")
    write.mirror("categoryPositionLimit", alpha, 30, risk_category_id=3, risk_time_period_id=4, exposed_limit=5)
    write.mirror("categoryRiskParameter", alpha, 31, category_position_limit_id=30, max_opening_order_qty=5)
    shown = {name: _words(alice.get(_list(name))) for name in LISTS}
    assert "NQ 1,000.50" in shown["productMargin"]
    assert "ESZ6 500.00" in shown["contractMargin"]
    assert "NQ 17:00 – 16:00" in shown["productSession"]
    assert "EUR 1.0842" in shown["currencyRate"]
    assert "30 Small at most 5 exposed" in shown["categoryPositionLimit"]
    assert "Day session" in shown["categoryPositionLimit"]
    assert "31 30" in shown["categoryRiskParameter"]
    assert "Day session 4 17:00 15:55" in shown["riskTimePeriod"]
    assert "17:00" in _words(alice.get(reverse("admin:mirrors_productsession_change", args=[5])))


def test_these_lists_take_as_many_queries_however_long_they_are(
    alice: Client, alpha: Organization, write: Writer
) -> None:
    of = {
        "autoLiqTransaction": ("account_id", "contract_id"),
        "accountRiskStatusLog": ("account_id",),
        "categoryPositionLimit": ("risk_category_id", "risk_time_period_id"),
        "categoryRiskParameter": ("category_position_limit_id", "product_id"),
    }

    def add(number: int) -> None:
        for name in LISTS:
            write.mirror(name, alpha, number, **dict.fromkeys(of.get(name, ()), number))

    def queries() -> dict[str, int]:
        counts = {}
        for name in (*LISTS, "account"):
            with CaptureQueriesContext(connection) as captured:
                alice.get(reverse("account", args=[1]) if name == "account" else _list(name))
            counts[name] = len(captured)
        return counts

    write.mirror("account", alpha, 1)
    add(1)
    queries()
    few = queries()
    for number in range(2, 12):
        add(number)
        write.mirror("autoLiqTransaction", alpha, 100 + number, account_id=1, contract_id=number)
        write.mirror("accountRiskStatusLog", alpha, 100 + number, account_id=1)
    assert queries() == few


def _words(response: Any) -> str:
    """What a page says, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", page_text(response)).split())


def _list(entity_type: str) -> str:
    return reverse(f"admin:mirrors_{entity_type.lower()}_changelist")

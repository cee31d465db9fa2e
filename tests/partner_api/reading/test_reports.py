"""A session's day as a file: which rows belong to it, how they are written, and that it ends only when it is whole."""

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.partner_api.api import Api
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations import web_turns
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.reading import files, reports

MONDAY = "2026-11-23"
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TRANSACTIONS, TRADES, MEMBERS = (
    "/api/v1/reports/transactions",
    "/api/v1/reports/trading-activity",
    "/api/v1/reports/members",
)


@pytest.fixture(autouse=True)
def tuesday() -> Any:
    with time_machine.travel(NOW, tick=True):
        yield


def text_of(answer: Any) -> str:
    return b"".join(answer).decode()


def lines_of(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text_of(answer).splitlines()]


def book(write: Writer, organization: Organization, number: int, **values: Any) -> None:
    write.mirror("cashBalanceLog", organization, number, **{"account_id": 10001, "trade_date": MONDAY} | values)


def test_transactions_of_a_monday_have_the_weekend_before_it(api: Api, alpha: Organization, write: Writer) -> None:
    write.mirror("account", alpha, 10001, name="EVAL1")
    write.mirror("currency", alpha, 1, name="USD")
    for number, day in enumerate(["2026-11-20", "2026-11-21", "2026-11-22", MONDAY, "2026-11-24"], start=1):
        book(write, alpha, number, trade_date=day, delta="-12.50", amount="987.50", currency_id=1, comment='=1+1, "x"')
    book(write, alpha, 9, environment="live")
    book(write, alpha, 10, deleted_at=NOW)

    answer = api.get(f"{TRANSACTIONS}?day={MONDAY}")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="transactions-{MONDAY}.csv"'
    assert answer["Vendor-Admin-Session-Ended"] == "true"
    rows = list(csv.DictReader(StringIO(text_of(answer), newline="")))
    assert [row["id"] for row in rows] == ["2", "3", "4"]
    assert rows[0]["account_name"] == "EVAL1"
    assert (rows[0]["change"], rows[0]["balance"], rows[0]["currency"]) == ("-12.50", "987.50", "USD")
    assert rows[0]["comment"] == '\'=1+1, "x"', "what a spreadsheet would run is marked"
    assert [row["id"] for row in lines_of(api.get(f"{TRANSACTIONS}?day={MONDAY}&environment=live&format=ndjson"))] == [
        "9"
    ]


def test_a_line_of_json_is_exact(api: Api, alpha: Organization, write: Writer) -> None:
    book(write, alpha, 1, delta="-0.10", comment="=1+1")

    (row,) = lines_of(api.get(f"{TRANSACTIONS}?day={MONDAY}", headers={"Accept": "application/x-ndjson"}))

    assert row["comment"] == "=1+1"
    assert row["change"] == "-0.10"
    assert row["account_id"] == "10001"
    assert row["account_name"] is None
    assert row["trade_date"] == MONDAY


def test_trading_activity_has_fills_with_their_fees(
    api: Api, alpha: Organization, write: Writer, trading_day: Callable[..., None]
) -> None:
    trading_day(2)
    write.mirror("fill", alpha, 50, account_id=10001, trade_date=MONDAY, qty=2, price="5000.25", action="Buy")
    write.mirror("fill", alpha, 51, account_id=10001, trade_date=MONDAY, qty=1, active=False)
    write.mirror("fillFee", alpha, 50, commission="1.20", exchange_fee="0.35")

    first, second = lines_of(api.get(f"{TRADES}?day={MONDAY}&format=ndjson"))

    assert (first["id"], first["quantity"], first["price"], first["fees"]) == ("50", 2, "5000.25", "1.55")
    assert (second["id"], second["is_taken_back"], second["fees"]) == ("51", True, None)


def test_members_are_those_of_the_day_with_what_they_held(api: Api, alpha: Organization, write: Writer) -> None:
    write.mirror("user", alpha, 1, name="ann", environment="live", timestamp="2026-11-01T00:00:00Z")
    write.mirror("user", alpha, 1, name="ann_demo")
    write.mirror("user", alpha, 2, name="late", environment="live", timestamp="2026-11-24T12:00:00Z")
    write.mirror("user", alpha, 3, name="gone", environment="live", deleted_at="2026-11-19T12:00:00Z")
    write.mirror("user", alpha, 4, name="left", environment="live", deleted_at="2026-11-24T12:00:00Z")
    write.mirror("tradovateSubscriptionPlan", alpha, 7, name="FIRM_MONTHLY", environment="live")
    held = {"environment": "live", "user_id": 1}
    write.mirror(
        "tradovateSubscription", alpha, 1, **held, tradovate_subscription_plan_id=7, start_date="2026-11-01",
        expiration_date="2026-11-30",
    )  # fmt: skip
    write.mirror("tradovateSubscription", alpha, 2, **held, start_date="2026-10-01", expiration_date="2026-10-31")
    write.mirror("userPlugin", alpha, 1, **held, plugin_name="replay")
    write.mirror("marketDataSubscription", alpha, 1, **held, year=2026, month=11)
    write.mirror("marketDataSubscription", alpha, 2, **held, year=2026, month=12)

    rows = lines_of(api.get(f"{MEMBERS}?day={MONDAY}&format=ndjson"))

    assert [row["name"] for row in rows] == ["ann", "left"]
    assert rows[0]["memberships"] == ["FIRM_MONTHLY"]
    assert rows[0]["entitlements"] == ["replay"]
    assert rows[0]["market_data"] == ["unknown"]


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("", "day", "required"),
        ("day=", "day", "invalid"),
        ("day=2026-02-30", "day", "invalid"),
        ("day=23.11.2026", "day", "invalid"),
        ("day=0001-01-01", "day", "invalid"),
        ("day=2026-11-22", "day", "invalid"),
        ("day=2026-11-26", "day", "out_of_range"),
        ("day=9999-12-31", "day", "out_of_range"),
        (f"day={MONDAY}&format=xml", "format", "unknown_value"),
        (f"day={MONDAY}&environment=test", "environment", "unknown_value"),
        (f"day={MONDAY}&account=1", "account", "unknown_parameter"),
    ],
)
def test_what_cannot_be_used_is_named(api: Api, query: str, parameter: str, code: str) -> None:
    problem = api.get(f"{TRANSACTIONS}?{query}", expect=400).json()

    assert [(error["parameter"], error["code"]) for error in problem["errors"]] == [(parameter, code)]
    assert api.get(f"{MEMBERS}?day={MONDAY}&environment=live", expect=400).json()["code"] == "unknown_parameter"


def test_a_session_that_goes_on_says_so(api: Api) -> None:
    answer = api.get(f"{TRADES}?day=2026-11-24")

    assert answer["Vendor-Admin-Session-Ended"] == "false"
    assert len(text_of(answer).splitlines()) == 1, "the names of the columns alone"


def test_a_file_is_of_one_organization_and_needs_its_scope(
    api: Api, alpha: Organization, beta: Organization, write: Writer
) -> None:
    book(write, alpha, 1)

    assert lines_of(Api.of(beta).get(f"{TRANSACTIONS}?day={MONDAY}&format=ndjson")) == []
    assert len(lines_of(api.get(f"{TRANSACTIONS}?day={MONDAY}&format=ndjson"))) == 1
    less = Api.of(alpha, scopes=("accounts:read", "members:read"))
    assert less.get(f"{TRANSACTIONS}?day={MONDAY}", expect=403).json()["code"] == "insufficient_scope"


def test_many_rows_come_page_by_page_once_each(
    api: Api, alpha: Organization, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 3)
    for number in range(1, 9):
        book(write, alpha, number)
    answer = api.get(f"{TRANSACTIONS}?day={MONDAY}&format=ndjson")

    with CaptureQueriesContext(connection) as captured:
        ids = [row["id"] for row in lines_of(answer)]

    assert ids == [str(number) for number in range(1, 9)]
    pages = [query for query in captured.captured_queries if "cashbalancelog" in query["sql"].lower()]
    assert len(pages) == 3


def test_a_file_that_cannot_be_finished_breaks_off(
    api: Api, alpha: Organization, write: Writer, monkeypatch: pytest.MonkeyPatch, owner_connection: psycopg.Connection
) -> None:
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 3)
    for number in range(1, 9):
        book(write, alpha, number)
    lines = iter(api.get(f"{TRANSACTIONS}?day={MONDAY}&format=ndjson"))
    assert next(lines)

    owner_connection.execute("ALTER TABLE mirrors_cashbalancelog RENAME TO away")
    with pytest.raises(Exception, match="mirrors_cashbalancelog"):
        list(lines)
    owner_connection.execute("ALTER TABLE away RENAME TO mirrors_cashbalancelog")
    assert len(lines_of(api.get(f"{TRANSACTIONS}?day={MONDAY}&format=ndjson"))) == 8, "its turn was given back"


def test_only_a_few_files_are_made_at_once(api: Api, alpha: Organization) -> None:
    with web_turns.hold("file", most=2, cause=alpha.pk, of_cause=1):
        busy = api.get(f"{TRANSACTIONS}?day={MONDAY}", expect=503)
        assert busy["Retry-After"] == "30"
        assert busy.json()["code"] == "unavailable"
    assert api.get(f"{TRANSACTIONS}?day={MONDAY}").status_code == 200


def test_a_session_begins_on_the_evening_before_and_mondays_on_friday() -> None:
    day = datetime(2026, 11, 23).date()  # noqa: DTZ001 - a day of the exchange
    monday, tuesday = reports.Session(day, "demo"), reports.Session(day + timedelta(days=1), "demo")

    assert monday.begins_at.isoformat() == "2026-11-20T17:00:00-06:00"
    assert monday.ends_at == tuesday.begins_at
    assert tuesday.ends_at.isoformat() == "2026-11-24T17:00:00-06:00"

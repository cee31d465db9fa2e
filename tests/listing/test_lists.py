"""Lists: constant queries, pages by key, capped counts, filters, CSV."""

import csv
import io

import pytest
from django.db import OperationalError, connection
from django.db.models.expressions import RawSQL
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.scale.asking import Explaining
from risk.orders.admin import OrderAdmin
from vendor_admin.listing import lists
from vendor_admin.listing.csv_export import cell
from vendor_admin.mirrors.models import Order

LISTS = [
    "mirrors_platformuser",
    "mirrors_account",
    "mirrors_tradingpermission",
    "mirrors_cashbalance",
    "mirrors_useraccountautoliq",
    "mirrors_position",
    "mirrors_order",
    "mirrors_fill",
    "sync_entityevent",
]


def _queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = client.get(address)
    assert response.status_code == 200
    return len(captured)


def test_the_number_of_queries_does_not_grow_with_the_rows(alice: Client, trading_day):
    trading_day(10)
    addresses = [reverse(f"admin:{name}_changelist") for name in LISTS]
    addresses += [reverse("member", args=[5]), reverse("account", args=[10_005]), reverse("find") + "?q=trader"]
    few = {address: _queries(alice, address) for address in addresses}

    trading_day(290, first=11)
    many = {address: _queries(alice, address) for address in addresses}

    assert many == few
    assert max(many.values()) < 50


def _ids(response) -> list[int]:
    return [row.entity_id for _, _, row in response.context["rows"]]


def test_pages_by_key_neither_repeat_nor_skip_rows_that_arrive_meanwhile(alice: Client, alpha, trading_day, write):
    trading_day(120)
    address = reverse("admin:mirrors_order_changelist")

    first = alice.get(address)
    for number in range(121, 126):
        write.mirror("order", alpha, number, account_id=10_001)
    second = alice.get(address, {"before": first.context["page"].older})
    third = alice.get(address, {"before": second.context["page"].older})

    assert _ids(first) + _ids(second) + _ids(third) == list(range(120, 0, -1))
    assert third.context["page"].older == ""
    back = alice.get(address, {"after": third.context["page"].newer})
    assert _ids(back) == _ids(second)
    newest = alice.get(address, {"after": first.context["page"].older})
    assert 125 not in _ids(newest)
    assert newest.context["page"].newer


def test_the_log_is_read_in_the_order_of_arrival_even_for_equal_times(alice: Client, alpha, write):
    for number in range(60):
        write.event(alpha, "order", number)
    address = reverse("admin:sync_entityevent_changelist")

    first = alice.get(address)
    second = alice.get(address, {"before": first.context["page"].older})

    assert sorted(_ids(first) + _ids(second)) == list(range(60))


def test_a_page_further_down_reads_no_rows_above_it_even_for_equal_times(alice: Client, alpha, write):
    for number in range(300):
        write.event(alpha, "order", number)
    address, before = reverse("admin:sync_entityevent_changelist"), ""
    for _ in range(4):
        before = alice.get(address, {"before": before}).context["page"].older

    explaining = Explaining(["sync_entityevent"])
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    with connection.execute_wrapper(explaining):
        further = alice.get(address, {"before": before})

    assert len(_ids(further)) == lists.PAGE_SIZE
    assert (explaining.scanned, explaining.thrown_away) == (set(), 0)


@pytest.mark.parametrize("cursor", ["x", "e30", "WzFd", "WyJhIiwiYiJd", "W251bGwsbnVsbF0", "%00", "9" * 4000])
def test_a_damaged_cursor_means_the_first_page(alice: Client, trading_day, cursor):
    trading_day(1)

    for name in ("mirrors_order", "sync_entityevent"):
        assert _ids(alice.get(reverse(f"admin:{name}_changelist"), {"before": cursor})) == [1]


def test_a_count_stops_at_its_limit(alice: Client, trading_day, monkeypatch):
    trading_day(12)
    address = reverse("admin:mirrors_account_changelist")
    assert alice.get(address).context["count"] == "12"

    monkeypatch.setattr(lists, "COUNT_LIMIT", 11)
    assert alice.get(address).context["count"] == "11+"
    assert alice.get(reverse("admin:mirrors_order_changelist")).context["count"] == ""


def test_a_filter_narrows_and_a_wrong_one_is_explained(alice: Client, trading_day):
    trading_day(3)
    address = reverse("admin:mirrors_order_changelist")

    assert _ids(alice.get(address, {"account": "10002"})) == [2]
    assert _ids(alice.get(address, {"status": "Working"})) == []
    wrong = alice.get(address, {"account": "EVAL2", "status": "Nonsense"})
    assert "is not a number" in wrong.content.decode()
    assert "is not one of the choices" in wrong.content.decode()


def test_the_log_is_filtered_by_time_type_and_id(alice: Client, trading_day):
    trading_day(5)
    address = reverse("admin:sync_entityevent_changelist")

    assert _ids(alice.get(address, {"id": "3"})) == [3]
    assert _ids(alice.get(address, {"type": "order", "id": "4"})) == [4]
    assert _ids(alice.get(address, {"type": "fill", "id": "4"})) == []
    assert _ids(alice.get(address, {"since": "2026-11-20 15:00:04Z"})) == [5, 4]
    assert _ids(alice.get(address, {"until": "2026-11-20 15:00:02Z"})) == [1]
    assert "is not a time" in alice.get(address, {"since": "yesterday"}).content.decode()


def test_a_filter_that_reads_too_much_says_how_to_narrow_it(alice: Client, trading_day, monkeypatch):
    trading_day(1)

    def give_up(*arguments, **named):
        raise lists.TooSlow

    monkeypatch.setattr(lists, "read_page", give_up)

    assert "too many rows" in alice.get(reverse("admin:mirrors_order_changelist")).content.decode()


def _csv(client: Client, name: str, **filters) -> list[list[str]]:
    response = client.get(reverse(f"admin:{name}_export"), filters)
    assert response.status_code == 200
    text = b"".join(response).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_all_rows_of_the_filters_over_several_chunks(alice: Client, trading_day, monkeypatch):
    trading_day(25)
    monkeypatch.setattr("vendor_admin.listing.csv_export.ROWS_AT_ONCE", 10)

    everything = _csv(alice, "mirrors_order")
    assert [line[0] for line in everything[1:]] == [str(number) for number in range(25, 0, -1)]
    assert everything[1][:6] == ["25", "EVAL25", "ESZ6", "Buy", "2", "Limit"]
    assert len(_csv(alice, "mirrors_order", account="10003")) == 2


def test_csv_says_where_it_stopped(alice: Client, trading_day, monkeypatch):
    trading_day(5)
    monkeypatch.setattr("vendor_admin.listing.csv_export.ROWS_AT_ONCE", 2)
    monkeypatch.setattr("vendor_admin.listing.csv_export.EXPORT_LIMIT", 4)

    lines = _csv(alice, "mirrors_order")

    assert len(lines) == 6
    assert lines[-1][0].startswith("INCOMPLETE: stopped after 4 rows, since a file holds no more.")


@pytest.mark.parametrize(
    ("failure", "words"),
    [(lists.TooSlow(), "too long to find. Filter by account"), (OperationalError("gone"), "the database failed")],
)
def test_csv_that_fails_on_the_way_says_that_it_is_incomplete(alice: Client, trading_day, monkeypatch, failure, words):
    trading_day(5)
    monkeypatch.setattr("vendor_admin.listing.csv_export.ROWS_AT_ONCE", 2)

    def read_page(rows, **named):
        if named["older_than"]:
            raise failure
        return lists.read_page(rows, **named)

    monkeypatch.setattr("vendor_admin.listing.csv_export.read_page", read_page)

    lines = _csv(alice, "mirrors_order")

    assert [line[0] for line in lines[1:3]] == ["5", "4"]
    assert len(lines) == 4
    assert lines[-1][0].startswith("INCOMPLETE: stopped after 2 rows")
    assert words in lines[-1][0]


def test_csv_ends_at_the_time_limit_of_its_queries(alice: Client, trading_day, monkeypatch):
    trading_day(2)
    monkeypatch.setattr(lists, "QUERY_TIMEOUT_MS", 30)
    slow = RawSQL("(SELECT mirrors_order.entity_id FROM pg_sleep(0.2))", [])
    monkeypatch.setattr(OrderAdmin, "get_queryset", lambda *given: Order.objects.annotate(slow=slow))

    assert "too long" in _csv(alice, "mirrors_order")[-1][0]


def test_csv_needs_the_right_to_export(bob: Client, trading_day):
    trading_day(1)

    assert bob.get(reverse("admin:mirrors_account_export")).status_code == 403


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(start):
    assert cell(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("unseen", [" ", "  ", "\u00a0", "\ufeff", "\u200b", "\u202e", "\x0b", '"'])
def test_what_nobody_sees_before_a_formula_does_not_hide_it(unseen):
    assert cell(f"{unseen}=1+1") == f"'{unseen}=1+1"


@pytest.mark.parametrize("separator", [";", "\t", "|", "\n"])
def test_a_formula_behind_what_other_spreadsheets_take_for_a_comma_is_disarmed(separator):
    assert cell(f"a{separator}=1+1") == f"a{separator}'=1+1"
    assert cell(f'a{separator} "=1+1"') == f'a{separator}\' "=1+1"'


def test_every_cell_of_a_csv_is_quoted(alice: Client, trading_day):
    trading_day(1)
    response = alice.get(reverse("admin:mirrors_order_export"))
    lines = b"".join(response).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"')
    assert lines[1].startswith('"1","EVAL1","ESZ6","Buy"')


def test_numbers_and_plain_text_stay_as_they_are():
    assert cell(-5) == "-5"
    assert cell('{"change": -5, "list": [-1, 2]}') == '{"change": -5, "list": [-1, 2]}'
    assert cell("a-b; c=d @ e") == "a-b; c=d @ e"
    assert cell("ESZ6") == "ESZ6"
    assert cell(None) == ""

"""CSV files of new accounts and of changes of balances: read dry, every faulty line listed, then a preview."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.balances.csv_import import BalanceCsv
from accounts.trading_accounts.csv_import import AccountCsv
from tests.support.plan_desk import preview, rows_of, verb
from tests.support.shared_material import shared_material
from vendor_admin.operations.csv_files import CsvFormat, rows_of_file
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

ACCOUNTS = """name,member,template,balance,daily_loss,drawdown,drawdown_limit,drawdown_mode,is_fixed,position_limit
NEW1,trader1,77,50000,1000,2500,50000,realtime,yes,5
NEW2,TRADER2,77,50000.50,,,,,,
"""
FAULTY_ACCOUNTS = """\
eval3,nobody,x,,,,,,,
EVAL1,1,77,50000,-5,,,,,
NEW1,1,77,50000,,,100,,,
NEW5,1,77,"50,000",,2500,,sometimes,perhaps,many
NEW6,1,77,-1,,,,,,
"""
BALANCES = "account,change,by,type,peak\nEVAL1,-250.00,,,keep\n10002,100,changeDemoBalance,,\n"
FAULTY_BALANCES = """\
EVAL1,1,,,
NOBODY,1,,,
EVAL3,0,,,
10004,much,,,
EVAL5,100000,,,
EVAL6,1,byHand,Fee,
EVAL7,1,,,-5
EVAL8,,,,
"""


def _upload(client: Client, action: str, text: str, **data: str) -> Any:
    file = SimpleUploadedFile("rows.csv", text.encode())
    return client.post(reverse("plan_file", args=[action]), {"file": file, "reason": "a test", **data}, follow=True)


def _faults(answer: Any) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for fault in answer.context["faults"]:
        found.setdefault(fault.line, {})[fault.column] = fault.text
    return found


def _plans(alpha) -> list[Plan]:
    with organization_scope(alpha.pk):
        return list(Plan.objects.order_by("id"))


def test_every_faulty_line_of_new_accounts_is_listed_and_nothing_is_stored(alice: Client, alpha, trading_day):
    trading_day(2)

    answer = _upload(alice, "create-accounts", ACCOUNTS + FAULTY_ACCOUNTS)

    assert _faults(answer) == {
        4: {
            "name": "must be capital letters followed by digits, at most 64 characters.",
            "member": "is no member of this organization: nobody.",
            "template": "must be a platform id: digits alone.",
            "balance": "is missing.",
        },
        5: {"name": "is the name of an account that exists already.", "daily_loss": "must be 0 or more."},
        6: {"name": "is a duplicate of line 2.", "drawdown_limit": "has no meaning without a trailing drawdown."},
        7: {
            "balance": "“50,000” could mean 50000 or 50. Write 50000 or 50.",
            "drawdown_mode": "must be “end of day” or “real time”.",
            "is_fixed": "is neither yes nor no.",
            "position_limit": "“many” is not a number. Write digits, such as 1500.",
        },
        8: {"balance": "must be 0 or more."},
    }
    assert _plans(alpha) == []


def test_a_good_file_of_accounts_becomes_a_preview_with_risk_and_warnings(alice: Client, alpha, trading_day):
    trading_day(2)

    _upload(alice, "create-accounts", ACCOUNTS)

    [plan] = _plans(alpha)
    with_risk, bare = rows_of(alpha, plan.pk)
    assert (plan.kind, with_risk.why, bare.why) == ("create_accounts", "", "")
    assert with_risk.label == "NEW1 for trader1"
    assert with_risk.new["userId"] == 1
    assert with_risk.new["trailingMaxDrawdown"] == "2500"
    assert with_risk.new["trailingMaxDrawdownMode"] == "RealTime"
    assert with_risk.new["changesLocked"] is True
    assert with_risk.new["preTradeRisk"][0]["exposedLimit"] == 5
    assert with_risk.warnings == []
    assert bare.new["amount"] == "50000.5"
    assert [text.split(":")[0] for text in bare.warnings] == ["No daily loss limit", "No trailing drawdown"]


def test_every_faulty_line_of_balances_is_listed_and_nothing_is_stored(alice: Client, alpha, trading_day):
    trading_day(8)

    answer = _upload(alice, "balances-from-file", BALANCES + FAULTY_BALANCES)

    faults = _faults(answer)
    assert {line: set(columns) for line, columns in faults.items()} == {
        4: {"account"},
        5: {"account"},
        6: {"change"},
        7: {"change"},
        8: {"change"},
        9: {"by", "type"},
        10: {"peak"},
        11: {"change"},
    }
    assert faults[4]["account"] == "is a duplicate of line 2."
    assert faults[5]["account"] == "is no DEMO account of this organization: NOBODY."
    assert faults[11]["change"] == "is missing."
    assert _plans(alpha) == []


def test_a_good_file_of_balances_becomes_a_preview_about_money(alice: Client, alpha, trading_day, write):
    trading_day(2)
    write.connection.execute("UPDATE mirrors_cashbalance SET currency_id = 1")

    assert alice.get(reverse("plan_start", args=["balances-from-file"]))["Location"].endswith("/file/")
    preview_page = _upload(alice, "balances-from-file", BALANCES)

    [plan] = _plans(alpha)
    balances, peaks = [str(one) for one in preview_page.context["sums"]]
    assert balances == "Balances: -150.00 in all (+100.00 and -250.00) over 2 rows; the largest is -250.00 at EVAL1"
    assert peaks.startswith("Peaks of drawdowns: +100.00 in all over 1 row; the largest is +100.00 at EVAL2")
    assert balances in alice.get(reverse("admin:plan_confirm", args=[plan.pk])).content.decode()
    assert (plan.kind, plan.is_money, plan.reason) == ("change_balances", True, "a test")
    first, second = rows_of(alpha, plan.pk)
    assert (first.old["amount"], first.new["amount"], first.new["maxNetLiq"]) == ("50001", "49751", "50500")
    assert (second.new["amount"], second.wanted["by"]) == ("50102", "changeDemoBalance")


def test_amounts_with_two_meanings_are_listed_with_both_whatever_separates_the_columns(
    alice: Client, alpha, trading_day
):
    trading_day(4)

    answer = _upload(alice, "balances-from-file", "account;change;peak\nEVAL1;1.500;\nEVAL2;-250,5;\nEVAL3;1;51.000\n")

    assert _faults(answer) == {
        2: {"change": "“1.500” could mean 1500 or 1.50. Write 1500 or 1.50."},
        3: {"change": "“-250,5” has a comma in it. Write -250.50."},
        4: {"peak": "“51.000” could mean 51000 or 51. Write 51000 or 51."},
    }
    assert _plans(alpha) == []


def test_no_line_of_the_files_from_the_field_changes_a_balance(alice: Client, alpha):
    folder = shared_material("field/11-amounts-as-people-write-them")
    for path in (folder / f"{name}.csv" for name in ("european", "american", "python")):
        answer = _upload(alice, "balances-from-file", path.read_text())
        assert [line for line, faults in _faults(answer).items() if "change" in faults] == [2, 3, 4, 5, 6], path.name
    assert _plans(alpha) == []


def test_who_may_not_change_balances_gets_no_page_for_their_file(bob: Client):
    assert bob.get(reverse("plan_file", args=["balances-from-file"])).status_code == 403


@pytest.mark.parametrize(
    ("form", "header", "line"),
    [(AccountCsv(), "name,member,template,balance", "NEW{0},{0},77,50000"), (BalanceCsv(), "account,change", "{0},1")],
)
def test_a_longer_file_takes_no_more_queries(alpha, trading_day, form: CsvFormat, header: str, line: str):
    trading_day(60)

    def queries(count: int) -> int:
        numbers = range(1, count + 1) if header.startswith("name") else range(10_001, 10_001 + count)
        text = "\n".join([header, *(line.format(number) for number in numbers)])
        rows, _ = rows_of_file(text.encode(), columns=form.columns)
        with organization_scope(alpha.pk), CaptureQueriesContext(connection) as caught:
            reading = form.read(rows, organization_id=alpha.pk, now=timezone.now())
        assert (len(reading.targets), reading.faults) == (count, [])
        return len(caught)

    assert queries(2) == queries(60)


def test_the_form_offers_the_template_that_was_used_last(alice: Client, alpha, trading_day):
    trading_day(1)
    asked = {"template": 77, "letters": "NEW", "first_number": "1", "balance": "50000", "drawdown_mode": "EOD"}
    plan_id = preview(alice, [], action="create-accounts", entity_type="", member=1, count=1, **asked)
    form = reverse("plan_start", args=["create-accounts"])
    assert "Used last" not in alice.get(form).content.decode()

    verb(alice, plan_id, "confirm")

    assert "Used last: 77." in alice.get(form).content.decode()

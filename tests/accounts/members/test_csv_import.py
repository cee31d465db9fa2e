"""Files of new members: a dry run that lists every faulty line, and targets of the good ones."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.members.csv_import import MemberCsv
from tests.support.scene import Scene
from tests.support.vendor_members import members, platform_ids
from vendor_admin.errors import InvalidFields
from vendor_admin.operations.csv_files import CsvReading, rows_of_file, template_of

HEADER = "name,email,password,first_name,last_name"
GOOD = "CSV_1,csv.1@traders.example,seven quiet herons,Ada,Abel"


def _read(scene: Scene, text: str | bytes) -> CsvReading:
    data = text if isinstance(text, bytes) else text.encode()
    with scene.scope():
        rows, faults = rows_of_file(data, columns=MemberCsv.columns)
        reading = MemberCsv().read(rows, organization_id=scene.organization.pk, now=timezone.now())
    return CsvReading(reading.targets, [*faults, *reading.faults])


def _faults(reading: CsvReading) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for fault in reading.faults:
        found.setdefault(fault.line, {})[fault.column] = fault.text
    return found


def test_every_faulty_line_is_listed_and_the_good_ones_become_targets(scene: Scene) -> None:
    known = members(scene)[0]
    plan_id = platform_ids(scene)["tradovateSubscriptionPlan"]["NORTHWIND_MONTHLY"]
    long_name = f"{'A' * 31},{'B' * 30}"
    lines = [
        HEADER + ",plan,entitlements",
        GOOD + ",NORTHWIND_MONTHLY,12",
        "",
        "ab,nowhere,short,,Abel,,",
        f"CSV_2,csv.2@traders.example,seven quiet herons,{long_name},,",
        f"{(known.name or '').lower()},{(known.email or '').upper()},seven quiet herons,Ada,Abel,,",
        "csv_1,CSV.1@traders.example,seven quiet herons,Ada,Abel,,",
        "CSV_3,csv.3@traders.example,password1,Ada,Abel,NOT_A_PLAN,Nothing|12",
        "CSV_4,csv.4@traders.example,csv.4@traders.example,Ada,Abel,,T-Prop",
        "CSV_5,csv.5@traders.example,seven quiet herons",
        "CSV_6,csv.6@traders.example,seven quiet herons,Ada,Abel,,,,too much",
        f'"CSV_7",csv.7@traders.example,"quotes "" and, commas",Zoë,Łukasz,{plan_id},',
        f"{'N' * 65},{'e' * 60}@x.example,{'p' * 65},Ada,Abel,,",
    ]
    reading = _read(scene, "\n".join(lines))
    assert _faults(reading) == {
        4: {
            "name": "must be 3 to 64 characters; it has 2.",
            "email": "must be an e-mail address of at most 64 characters.",
            "password": "must be 8 to 64 characters; it has 5.",
            "first_name": "is missing.",
        },
        5: {"first_name": "must have at most 60 characters together with the last name; both have 61."},
        6: {
            "name": "is the name of a member that exists already.",
            "email": "is the address of a member that exists already.",
        },
        7: {"name": "is a duplicate of line 2.", "email": "is a duplicate of line 2."},
        8: {
            "password": "must not be one of the commonest passwords: the platform refuses known-leaked passwords.",
            "plan": "is no membership plan of the platform: NOT_A_PLAN.",
            "entitlements": "is no entitlement of the platform: Nothing.",
        },
        9: {
            "password": "must not be the member's name or e-mail address.",
            "entitlements": (
                "cannot be given: T-Prop is Sim+, which can be given only after the member signed the market data "
                "agreement: add it later."
            ),
        },
        10: {"": "has only 3 of 7 values."},
        11: {"": "has 9 values; the first line names 7 columns."},
        13: {
            "name": "must be 3 to 64 characters; it has 65.",
            "email": "must be an e-mail address of at most 64 characters; it has 70.",
            "password": "must be 8 to 64 characters; it has 65.",
        },
    }
    first, quoted = reading.targets
    assert first.wanted["entitlementIds"] == [12]
    assert (quoted.wanted["firstName"], quoted.wanted["lastName"]) == ("Zoë", "Łukasz")
    assert quoted.secrets == {"password": 'quotes " and, commas'}
    assert first.label == "line 2: CSV_1 <csv.1@traders.example>"

    plan = scene.start("create_members", reading.targets)
    scene.work("live")
    assert [row.state for row in scene.rows(plan)] == ["succeeded", "succeeded"]
    made = {one["name"] for one in scene.expected("user", "live").values()}
    assert {"CSV_1", "CSV_7"} <= made


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize(("prefix", "newline"), [(b"", "\n"), (b"\xef\xbb\xbf", "\r\n")])
def test_separators_byte_order_marks_and_line_ends_are_understood(
    django_db_setup: None, separator: str, prefix: bytes, newline: str
) -> None:
    text = newline.join([HEADER, GOOD, ""]).replace(",", separator)
    rows, faults = rows_of_file(prefix + text.encode(), columns=MemberCsv.columns)
    assert faults == []
    assert [(row.line, row["name"], row["last_name"]) for row in rows] == [(2, "CSV_1", "Abel")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (f"{HEADER}\n{GOOD}\nCSV_2,a@b.example,seven herons,Zoë,Abel".encode("latin-1"), "Line 3 is not UTF-8"),
        (f"{HEADER}\n{GOOD}".encode("utf-16"), "CSV UTF-8"),
        (b"", "empty"),
        (HEADER.encode(), "no line but the first"),
        (f"{HEADER},shoe_size\n{GOOD},9".encode(), "not known here: shoe_size"),
        (b"name,email\nADA,a@b.example", "does not name password, first_name, last_name"),
        (f"{HEADER},email\n{GOOD},x".encode(), "names a column twice: email"),
        (f'{HEADER}\n{GOOD}\n"CSV_2,a@b.example,x,y,z\n{GOOD}'.encode(), "opens in line 3"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(data: bytes, words: str) -> None:
    with pytest.raises(InvalidFields, match=words):
        rows_of_file(data, columns=MemberCsv.columns)


def test_a_stray_quotation_mark_is_a_fault_of_its_line_alone(scene: Scene) -> None:
    reading = _read(scene, f'{HEADER}\nCSV_2,"a"b@c.example,seven quiet herons,Ada,Abel\n{GOOD}\nab,,,,')
    assert _faults(reading).keys() == {2, 4}
    assert _faults(reading)[2][""].startswith("cannot be read as CSV")
    assert [one.wanted["name"] for one in reading.targets] == ["CSV_1"]


def test_no_fault_repeats_a_password(scene: Scene) -> None:
    planted = "planted orchid 77"
    lines = [
        HEADER,
        f"ab,nowhere,{planted},,",
        f"CSV_2,c@traders.example,{planted * 5},Ada,Abel",
        f"CSV_3,c@traders.example,{planted}",
        f"CSV_4,d@traders.example,{planted},Ada,Abel,{planted}",
        f"{planted},e@traders.example,{planted},Ada,Abel",
    ]
    reading = _read(scene, "\n".join(lines))
    assert {fault.line for fault in reading.faults} == {2, 3, 4, 5, 6}
    assert planted not in repr(reading.faults) + repr(reading)


def test_ten_thousand_lines_take_seconds_and_no_more_queries_than_ten(scene: Scene) -> None:
    def text(count: int) -> str:
        lines = [f"CSV_{n:05d},csv.{n}@traders.example,seven quiet herons {n},Ada,Abel {n}" for n in range(count)]
        lines[count // 2] = "ab,nowhere,short,,"
        return "\n".join([HEADER, *lines])

    def measure(count: int) -> tuple[int, float]:
        started = time.process_time()
        with scene.scope(), CaptureQueriesContext(connection) as captured:
            reading = _read(scene, text(count))
        assert len(reading.targets) == count - 1
        assert {fault.line for fault in reading.faults} == {count // 2 + 2}
        return len(captured), time.process_time() - started

    few, _ = measure(10)
    many, seconds = measure(12_000)
    assert few == many
    assert seconds < 8, "12,000 lines should take about a second of CPU"


def test_the_template_is_read_back_without_fault(scene: Scene) -> None:
    reading = _read(scene, template_of(MemberCsv.columns))
    assert (len(reading.targets), list(reading.faults)) == (1, [])

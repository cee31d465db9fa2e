"""Amounts and whole numbers as people and programs write them: what is taken, and what is refused in which words."""

import csv
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import assume, given
from hypothesis import strategies as st

from risk.auto_liq.forms import AutoLiqForm
from risk.position_limits.forms import ChangePositionLimitsForm, ChangeRiskParametersForm
from tests.support.shared_material import shared_material
from vendor_admin.amount_fields import AmountField, WholeNumberField
from vendor_admin.amounts import LONGEST, NotANumber, as_written, is_plain, read_amount, read_id, read_whole
from vendor_admin.operations.csv_files import CsvColumn, rows_of_file
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.balances import ADJUST_CASH

TWO_MEANINGS = {
    "1.500": "“1.500” could mean 1500 or 1.50. Write 1500 or 1.50.",
    "1,500": "“1,500” could mean 1500 or 1.50. Write 1500 or 1.50.",
    "-2.750": "“-2.750” could mean -2750 or -2.75. Write -2750 or -2.75.",
    "$1,500": "“$1,500” could mean 1500 or 1.50. Write 1500 or 1.50.",
    "１.５００": "“１.５００” could mean 1500 or 1.50. Write 1500 or 1.50.",
    "1.125": (
        "“1.125” could mean 1125 or 1.125. If you mean 1125, write 1125. 1.125 has 3 decimals; at most 2 can be given."
    ),
}
ONE_MEANING = {
    "1.500,00": "“1.500,00” has a comma in it. Write 1500.",
    "1,500.25": "“1,500.25” has a comma in it. Write 1500.25.",
    "-250,5": "“-250,5” has a comma in it. Write -250.50.",
    "2 000": "“2 000” has a space in it. Write 2000.",
    "2\u00a0000": "“2\u00a0000” has a space in it. Write 2000.",
    "1500\u00a0": "“1500\u00a0” has a space in it. Write 1500.",
    "1’500": "“1’500” is not written as a plain number. Write 1500.",
    "(250.50)": "“(250.50)” is in parentheses. Write -250.50.",
    "$(250.50)": "“$(250.50)” is in parentheses. Write -250.50.",
    "$1500": "“$1500” has a currency with it. Write 1500.",
    "1500 EUR": "“1500 EUR” has a currency with it. Write 1500.",
    "\u2212250": "“\u2212250” has a minus sign other than -. Write -250.",
    "250-": "“250-” is not written as a plain number. Write -250.",
    "1_500": "“1_500” has an underscore in it. Write 1500.",
    "１５００": "“１５００” has digits other than 0 to 9. Write 1500.",
    "١٥٠٠": "“١٥٠٠” has digits other than 0 to 9. Write 1500.",
    "\u200b1500": "“<200B>1500” has a character that cannot be seen. Write 1500.",
    "1.000.000": "“1.000.000” is not written as a plain number. Write 1000000.",
    ".5": "“.5” is not written as a plain number. Write 0.50.",
    "0.500": "“0.500” has zeros too many: at most 2 decimals can be given. Write 0.50.",
}
NO_MEANING = {
    "": "A number is missing.",
    "1e3": "“1e3” is written with an exponent. Write out all its digits.",
    "1,5E+09": "“1,5E+09” is written with an exponent. Write out all its digits.",
    "1000.505": "“1000.505” has 3 decimals; at most 2 can be given.",
    "nan": "“nan” is not a number. Write digits, such as 1500 or 1500.50.",
    "Infinity": "“Infinity” is not a number. Write digits, such as 1500 or 1500.50.",
    "10²": "“10²” is not a number. Write digits, such as 1500 or 1500.50.",
    "--5": "“--5” is not a number. Write digits, such as 1500 or 1500.50.",
    "1" * (LONGEST + 1): f"“{'1' * (LONGEST + 1)}” is too long for a number.",
}


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1500", "1500"), ("1500.5", "1500.5"), ("-250.50", "-250.5"), (" +7.25 ", "7.25"), ("0.05", "0.05"), ("-0", "0")],
)
def test_plain_digits_with_a_point_are_an_amount(text: str, amount: str) -> None:
    assert str(read_amount(text)) in (amount, f"{amount}0")


@pytest.mark.parametrize(("text", "sentence"), [*TWO_MEANINGS.items(), *ONE_MEANING.items(), *NO_MEANING.items()])
def test_everything_else_is_refused_with_what_to_write_instead(text: str, sentence: str) -> None:
    with pytest.raises(NotANumber) as refused:
        read_amount(text)
    assert str(refused.value) == sentence


def test_a_percentage_with_three_decimals_is_written_with_a_fourth() -> None:
    with pytest.raises(NotANumber, match=r"Write 1125 or 1\.1250\."):
        read_amount("1.125", decimals=4)
    assert read_amount("1.1250", decimals=4) == Decimal("1.125")
    assert read_amount("0.125", decimals=4) == Decimal("0.125")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.000", "could mean 1000 or 1. Write 1000 or 1."),
        ("1.5", "is not a whole number."),
        ("1.0", "has zeros too many: only whole numbers can be given. Write 1."),
        ("７", "has digits other than 0 to 9. Write 7."),
        ("abc", "is not a number. Write digits, such as 1500."),
    ],
)
def test_a_whole_number_has_no_point(text: str, words: str) -> None:
    with pytest.raises(NotANumber) as refused:
        read_whole(text)
    assert str(refused.value) == f"“{text}” {words}"


def test_ids_are_ascii_digits_and_nothing_else() -> None:
    assert read_id("1000001") == 1000001
    assert [read_id(word) for word in ("", "+1", "-1", "1_0", "１", "²", " 1", "1" * 19)] == [None] * 8


@pytest.mark.parametrize("value", [True, None, float("inf"), float("nan"), 0.1 + 0.2, 10**400, Decimal("1e-400"), [1]])
def test_a_json_value_that_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(NotANumber):
        read_amount(value)


def test_json_numbers_have_one_meaning() -> None:
    assert [read_amount(value) for value in (1500, 1.5, Decimal("1E+3"))] == [1500, Decimal("1.5"), 1000]


PLAUSIBLE = "0123456789.,-+()$€ '_eE\u00a0\u2212\u200b１５٣%"


def _outcome(text: str, decimals: int) -> Decimal | NotANumber:
    try:
        return read_amount(text, decimals=decimals)
    except NotANumber as refused:
        return refused


@given(st.text(PLAUSIBLE, max_size=12) | st.text(max_size=12), st.sampled_from([0, 2, 4]))
def test_what_is_taken_is_plain_ascii_and_what_is_refused_gets_a_sentence(text: str, decimals: int) -> None:
    found = _outcome(text, decimals)
    if isinstance(found, NotANumber):
        assert str(found).endswith(".")
        assert all(read_amount(as_written(one), decimals=8) == one for one in found.readings)
        return
    plain = text.strip(" \t\r\n")
    assert plain.isascii()
    assert is_plain(plain.removeprefix("+"))
    assert found == Decimal(plain)
    assert read_amount(as_written(found), decimals=decimals) == found


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=4))
def test_an_amount_as_we_write_it_is_read_as_the_same(amount: Decimal) -> None:
    assert read_amount(as_written(amount), decimals=4) == amount
    assert read_amount(amount, decimals=4) == amount


@given(st.text(PLAUSIBLE, min_size=1, max_size=12))
def test_form_fields_take_what_the_parser_takes_and_repeat_its_words(text: str) -> None:
    assume(text.strip())
    expected = _outcome(text, 2)
    try:
        found: Any = AmountField(decimal_places=2).clean(text)
    except ValidationError as invalid:
        [found] = invalid.messages
    assert found == (str(expected) if isinstance(expected, NotANumber) else expected)


def test_fields_leave_reading_to_the_server_and_show_what_can_be_sent_back() -> None:
    percentage = AmountField(decimal_places=4, min_value=Decimal(0))
    assert percentage.prepare_value(Decimal("33.125")) == "33.1250"
    assert not percentage.has_changed(Decimal("33.125"), percentage.prepare_value(Decimal("33.125")))
    assert percentage.widget.input_type == "text"
    assert percentage.widget.attrs == {"inputmode": "decimal"}
    assert AmountField(decimal_places=2).widget.attrs == {}  # a phone's keyboard for decimals has no minus
    with pytest.raises(ValidationError, match="could mean 1000 or 1"):
        WholeNumberField().clean("1.000")
    assert WholeNumberField(required=False).clean("  ") is None


@pytest.mark.parametrize(
    ("form", "least"), [(AutoLiqForm, 7), (ChangePositionLimitsForm, 3), (ChangeRiskParametersForm, 6)]
)
def test_every_limit_that_is_a_number_is_read_by_the_parser(form: Any, least: int) -> None:
    fields = form.setting_fields()
    numbers = [field for field in fields.values() if isinstance(field, AmountField | WholeNumberField)]
    assert len(numbers) >= least
    for field in numbers:
        with pytest.raises(ValidationError, match=r"has an underscore in it\. Write 15\."):
            field.clean("1_5")


@pytest.mark.parametrize("text", ["1_500", "１５００", "1e3", " 1500", "+1500"])
def test_the_catalogue_takes_no_text_that_is_not_plain(text: str) -> None:
    body = {"accountId": 1, "cashChange": text, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    with pytest.raises(InvalidRequest, match="plain digits"):
        ADJUST_CASH.read(body, now=timezone.now())
    ADJUST_CASH.read({**body, "cashChange": "1500.50"}, now=timezone.now())


def test_the_files_from_the_field_are_refused_line_by_line_with_what_to_write() -> None:
    folder = shared_material("field/11-amounts-as-people-write-them")
    expected = list(csv.DictReader((folder / "expected.csv").read_text().splitlines()))
    columns = [CsvColumn("account"), CsvColumn("change")]
    sentences = {}
    for name in {line["file"] for line in expected}:
        rows, faults = rows_of_file((folder / name).read_bytes(), columns=columns)
        assert not faults
        for row in rows:
            with pytest.raises(NotANumber) as refused:
                read_amount(row["change"])
            with pytest.raises(ValidationError):
                AmountField(decimal_places=2).clean(row["change"])
            sentences[name, row.line] = str(refused.value)
    assert "could mean 1500 or 1.50. Write 1500 or 1.50." in sentences["european.csv", 2]
    assert len(sentences) == 15

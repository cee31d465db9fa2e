"""Names of contracts come again every ten years: when the year stands beside them, and which year it is."""

from datetime import UTC, datetime

import pytest

from vendor_admin.mirrors.rules.contract_names import (
    contract_year,
    is_of_product,
    month_in_words,
    shown_name,
    without_year,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def expiring(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "expires_on", "has_namesake", "shown"),
    [
        ("ESZ6", "2026-12-18", False, "ESZ6"),
        ("ESZ6", "2026-12-18", True, "ESZ6 (2026)"),
        ("ESZ6", "2016-12-16", False, "ESZ6 (2016)"),
        ("ESU6", "2026-09-18", False, "ESU6 (2026)"),
        ("ESZ7", "2027-12-17", False, "ESZ7 (2027)"),
        ("ESU7", "2027-09-17", False, "ESU7"),
        ("CLF7", "2026-12-19", False, "CLF7"),
        ("CLF7", "2016-12-19", False, "CLF7 (2017)"),
        ("ESZ16", "2016-12-16", False, "ESZ16"),
        ("EU INDEX", "2016-12-16", False, "EU INDEX"),
        ("EU INDEX", "2016-12-16", True, "EU INDEX (2016)"),
    ],
)
def test_a_name_that_may_be_anothers_has_its_year(name: str, expires_on: str, has_namesake: bool, shown: str) -> None:
    assert shown_name(name, expires_at=expiring(expires_on), has_namesake=has_namesake, now=NOW) == shown


def test_a_contract_whose_expiry_is_not_known_has_no_year() -> None:
    assert shown_name("ESZ6", expires_at=None, has_namesake=True, now=NOW) == "ESZ6"
    assert contract_year("ESZ6", expires_at=None) is None


@pytest.mark.parametrize(
    ("word", "name", "year"),
    [
        ("ESZ6", "ESZ6", None),
        ("ESZ6 (2036)", "ESZ6", 2036),
        (" ESZ6 2036 ", "ESZ6", 2036),
        ("ESZ6(2036)", "ESZ6", 2036),
        ("2036", "2036", None),
        ("(2036)", "(2036)", None),
        ("ES2036", "ES2036", None),
    ],
)
def test_a_year_may_be_written_behind_a_name(word: str, name: str, year: int | None) -> None:
    assert without_year(word) == (name, year)


def test_what_is_shown_is_read_as_the_same_contract() -> None:
    shown = shown_name("CLF7", expires_at=expiring("2016-12-19"), has_namesake=False, now=NOW)

    name, year = without_year(shown)

    assert (name, year) == ("CLF7", contract_year("CLF7", expires_at=expiring("2016-12-19")))


def test_the_month_is_the_contracts_and_not_that_of_its_expiry() -> None:
    assert month_in_words("CLF7", expires_at=expiring("2026-12-19")) == "January 2027"
    assert month_in_words("EU INDEX", expires_at=expiring("2026-12-19")) == "expires 2026-12-19"


def test_a_contract_is_of_the_product_that_its_name_begins_with_and_of_no_longer_one() -> None:
    assert is_of_product("ESZ6", "ES")
    assert not is_of_product("MESZ6", "ES")
    assert not is_of_product("ESZ6", "E")
    assert not is_of_product("ES 4000C Z6", "ES")

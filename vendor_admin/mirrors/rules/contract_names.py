"""What contracts are called. Their names carry one digit of the year, so they come again every ten years. Pure."""

import calendar
import re
from datetime import datetime, timedelta

_MONTHS = "FGHJKMNQUVXZ"
_OF_A_MONTH = re.compile(rf"(?P<product>.+)[{_MONTHS}](?P<year>[0-9])")
_WITH_YEAR = re.compile(r"(?P<name>.*\S)\s*\(?\b(?P<year>[0-9]{4})\)?")
_SOON = timedelta(days=366)


def shown_name(name: str, *, expires_at: datetime | None, has_namesake: bool, now: datetime) -> str:
    """A contract's name as people see it: with its year, "ESZ6 (2036)", where the name may be taken for another's.

    That is where another contract has the same name, or where the year is one digit of a contract that has expired or
    expires in more than a year.
    """
    year = contract_year(name, expires_at=expires_at)
    if year is None or expires_at is None:
        return name
    is_of_this_year = now < expires_at <= now + _SOON
    if has_namesake or (_OF_A_MONTH.fullmatch(name) and not is_of_this_year):
        return f"{name} ({year})"
    return name


def contract_year(name: str, *, expires_at: datetime | None) -> int | None:
    """The year of a contract, None where its expiry is not known: of the years that its digit may mean the one nearest
    to the expiry. CLF7 expires in 2026.
    """
    if expires_at is None:
        return None
    coded = _OF_A_MONTH.fullmatch(name)
    if coded is None:
        return expires_at.year
    return min(
        (year for year in range(expires_at.year - 5, expires_at.year + 6) if year % 10 == int(coded["year"])),
        key=lambda year: abs(year - expires_at.year),
    )


def without_year(word: str) -> tuple[str, int | None]:
    """A name, and the year that was written behind it, if any: "ESZ6 (2036)" and "ESZ6 2036" are ESZ6 of 2036."""
    written = _WITH_YEAR.fullmatch(word.strip())
    if written is None or not written["name"].strip(" ("):
        return word.strip(), None
    return written["name"].rstrip(" ("), int(written["year"])


def is_of_product(name: str, product: str) -> bool:
    """Whether a name is that of a product and a month: MESZ6 is of MES, and not of ES."""
    return re.fullmatch(rf"{re.escape(product)}[{_MONTHS}][0-9]{{1,2}}", name) is not None


def month_in_words(name: str, *, expires_at: datetime) -> str:
    """The month of a contract: "December 2026"; of a name without one the day of its expiry."""
    coded = _OF_A_MONTH.fullmatch(name)
    if coded is None:
        return f"expires {expires_at:%Y-%m-%d}"
    month = calendar.month_name[_MONTHS.index(name[-2]) + 1]
    return f"{month} {contract_year(name, expires_at=expires_at)}"

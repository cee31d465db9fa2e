"""The platform's code words as people say them: "ManualAdjustment" is a manual adjustment."""

import re
from collections.abc import Iterable, Mapping

DRAWDOWN_TYPES: Mapping[str, str] = {"EOD": "End of day", "RealTime": "Intraday (real time)"}
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def in_words(code: str) -> str:
    """Return a code word of several parts as words: "ManualAdjustment" as "Manual adjustment", "IPFee" as "IP fee"."""
    first, *others = _HUMP.split(code) or [""]
    return " ".join([first, *(part if part.isupper() else part.lower() for part in others)])


def choices_in_words(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return the choices of a form field: each code word with what it is called."""
    return [(code, in_words(code)) for code in codes]

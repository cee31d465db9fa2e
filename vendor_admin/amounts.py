"""Read amounts and whole numbers as people and programs write them: forms, CSV files, the API. Pure.

A number is ASCII digits with a point before the decimals, and a sign where one is needed: 1500, -250.50. Everything
else is refused with a sentence that says what to write instead, since a wrong guess moves money. What could mean two
things is refused with both readings: 1.500 is one and a half in New York and one thousand five hundred in Berlin.
"""

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

LONGEST: Final = 25
"""Characters that a number may have: with more of them, arithmetic on Decimals would round."""
LONGEST_ID: Final = 18

_LONGEST_QUOTED: Final = 40
_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.([0-9]+))?")
_STORED = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_EXPONENT = re.compile(r"[+-]?[0-9.,]+[eE][+-]?[0-9]+")
_GROUPED_BY_SPACES = re.compile(r"([0-9]{1,3})((?:[ '][0-9]{3})+)(?![0-9])")
_CURRENCY_CODE = re.compile(r"^(?:USD|EUR|GBP|CHF) ?|(?<=[0-9)]) ?(?:USD|EUR|GBP|CHF)$")
_MINUS_SIGNS: Final = "\N{MINUS SIGN}\N{EN DASH}\N{FIGURE DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}－"
_READ_AS: Final = {
    **dict.fromkeys(_MINUS_SIGNS, "-"),
    "\N{ARABIC DECIMAL SEPARATOR}": ".",
    "\N{ARABIC THOUSANDS SEPARATOR}": ",",
    "．": ".",
    "，": ",",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}


class NotANumber(ValueError):
    """What was written is refused. The text is a sentence for people; `readings` are what could have been meant."""

    def __init__(self, text: str, readings: tuple[Decimal, ...] = ()) -> None:
        super().__init__(text)
        self.readings = readings


def read_amount(value: object, *, decimals: int = 2) -> Decimal:
    """The amount that a text or a JSON number is, with at most so many decimals. Raises NotANumber.

    ASCII spaces around a text are left out. How large it may be is for the caller to say.
    """
    if isinstance(value, str):
        return _read_text(value.strip(" \t\r\n"), decimals)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise NotANumber("This is not a number.")
    number = Decimal(value) if isinstance(value, int) else Decimal(str(value))
    if not number.is_finite():
        raise NotANumber(f"{_quoted(str(value))} is not a number.")
    if number.adjusted() >= LONGEST or len(format(number, "f")) > LONGEST:
        raise NotANumber("This number is too long.")
    number = Decimal(format(number, "f")) + 0
    if not _fits(number, decimals):
        raise NotANumber(f"{_quoted(format(number, 'f'))} {_too_many(number, decimals)}")
    return number


def read_whole(value: object) -> int:
    """The whole number that a text or a JSON number is. Raises NotANumber."""
    return int(read_amount(value, decimals=0))


def read_id(word: str) -> int | None:
    """The platform id that a word is; None where it is none: ids are ASCII digits and nothing else."""
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= LONGEST_ID else None


def is_plain(text: str) -> bool:
    """Whether a text is a number as our own rows keep it. It says nothing about how many digits there are."""
    return _STORED.fullmatch(text) is not None


def as_written(amount: Decimal) -> str:
    """An amount as `read_amount` takes it: no exponent, no needless zeros, and never exactly three decimals."""
    text = format(amount, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    after = len(text.partition(".")[2])
    return text + "0" if after in (1, 3) else text


@lru_cache(maxsize=4096)  # of a large plan most amounts are the same few
def _read_text(text: str, decimals: int) -> Decimal:
    if not text:
        raise NotANumber("A number is missing.")
    if len(text) > LONGEST:
        raise NotANumber(f"{_quoted(text)} is too long for a number.")
    if _EXPONENT.fullmatch(text):
        raise NotANumber(f"{_quoted(text)} is written with an exponent. Write out all its digits.")
    plain = _PLAIN.fullmatch(text)
    if plain and len(plain[1] or "") <= min(decimals, 2):  # nothing else can be meant
        return _shortened(Decimal(text) + 0)
    readings = _readings(text if plain else _undecorated(text))
    if plain and len(readings) == 1 and len(plain[1] or "") <= decimals:
        return readings[0]
    raise NotANumber(_refusal(text, readings, decimals, is_plain=plain is not None), readings)


def _readings(text: str) -> tuple[Decimal, ...]:
    """What digits, points and commas can mean: with a decimal point and a decimal comma, each with its groups."""
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text.removeprefix("+"))
    found = []
    for group, point in ((",", "."), (".", ",")):
        whole, _, fraction = digits.partition(point)
        is_grouped = re.fullmatch(rf"[1-9][0-9]{{0,2}}(?:\{group}[0-9]{{3}})+", whole) is not None
        whole = whole.replace(group, "") if is_grouped else whole
        if (whole or fraction) and re.fullmatch("[0-9]*", whole + fraction):
            found.append(Decimal(f"{sign}{whole or '0'}.{fraction or '0'}") + 0)
    values = dict.fromkeys(found)
    return tuple(sorted(map(_shortened, values), key=abs, reverse=True))


def _shortened(value: Decimal) -> Decimal:
    """Without decimals where it is whole."""
    return value if value % 1 else value.quantize(Decimal(1))


def _undecorated(text: str) -> str:
    """What is left of a text without currency signs, groups, odd digits and the other ways to write a minus."""
    letters = []
    for letter in text:
        kind = unicodedata.category(letter)
        if kind == "Nd":
            letters.append(str(unicodedata.decimal(letter)))
        elif kind == "Zs":
            letters.append(" ")
        elif kind not in ("Cf", "Sc"):
            letters.append(_READ_AS.get(letter, letter))
    bare = _CURRENCY_CODE.sub("", "".join(letters), count=1).strip().removesuffix("%").strip()
    if bare.startswith("(") and bare.endswith(")"):
        bare = f"-{bare[1:-1].strip()}"
    elif bare.endswith("-"):
        bare = f"-{bare[:-1].strip()}"
    bare = re.sub(r"(?<=[0-9])_(?=[0-9])", "", re.sub(r"^([-+]) +", r"\1", bare))
    return _GROUPED_BY_SPACES.sub(lambda found: found[1] + re.sub("[ ']", "", found[2]), bare, count=1)


def _refusal(text: str, readings: Sequence[Decimal], decimals: int, *, is_plain: bool) -> str:
    if not readings:
        example = "1500 or 1500.50" if decimals else "1500"
        return f"{_quoted(text)} is not a number. Write digits, such as {example}."
    most = f"at most {decimals} decimals" if decimals else "only whole numbers"
    fitting = [reading for reading in readings if _fits(reading, decimals)]
    if len(readings) > 1:
        words = [f"{_quoted(text)} could mean {' or '.join(_in_words(reading) for reading in readings)}."]
    elif not fitting:
        return f"{_quoted(text)} {_too_many(readings[0], decimals)}"
    else:
        words = [f"{_quoted(text)} {f'has zeros too many: {most} can be given' if is_plain else _oddity(text)}."]
    if len(fitting) == len(readings):
        words.append(f"Write {' or '.join(as_written(reading) for reading in fitting)}.")
    else:
        words += [f"If you mean {as_written(reading)}, write {as_written(reading)}." for reading in fitting]
        words += [f"{_in_words(one)} {_too_many(one, decimals)}" for one in readings if one not in fitting]
    return " ".join(words)


def _oddity(text: str) -> str:
    """Why a text with one meaning is refused all the same."""
    kinds = {unicodedata.category(letter) for letter in text}
    if any(letter.isdecimal() and not letter.isascii() for letter in text):
        return "has digits other than 0 to 9"
    if "Cf" in kinds:
        return "has a character that cannot be seen"
    if "(" in text:
        return "is in parentheses"
    if "Sc" in kinds or _CURRENCY_CODE.search(text):
        return "has a currency with it"
    if any(letter in _MINUS_SIGNS for letter in text):
        return "has a minus sign other than -"
    if "_" in text:
        return "has an underscore in it"
    if "Zs" in kinds:
        return "has a space in it"
    if "," in text:
        return "has a comma in it"
    return "is not written as a plain number"


def _too_many(number: Decimal, decimals: int) -> str:
    if not decimals:
        return "is not a whole number."
    return f"has {_decimals(number)} decimals; at most {decimals} can be given."


def _fits(number: Decimal, decimals: int) -> bool:
    return _decimals(number) <= decimals


def _decimals(number: Decimal) -> int:
    return len(format(number, "f").partition(".")[2].rstrip("0"))


def _in_words(reading: Decimal) -> str:
    """As `as_written`, but also with three decimals: a meaning, not what to write."""
    text = as_written(reading)
    return text.removesuffix("0") if _decimals(reading) == 3 else text


def _quoted(text: str) -> str:
    shown = "".join(letter if letter.isprintable() or letter.isspace() else f"<{ord(letter):04X}>" for letter in text)
    return f"“{shown[:_LONGEST_QUOTED]}{'…' if len(shown) > _LONGEST_QUOTED else ''}”"

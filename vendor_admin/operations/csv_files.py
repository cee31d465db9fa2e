"""Uploaded CSV files: what a format is, and how text becomes rows with their line numbers."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Protocol

from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.operations.kinds import Target

LARGEST_FILE = 20 * 1024 * 1024
MOST_LINES = 100_000
LONGEST_CELL = 10_000
MOST_COLUMNS = 100
LONGEST_LINE = MOST_COLUMNS * LONGEST_CELL
_MOST_NAMED = 10
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class CsvColumn:
    """One column: its name in the first line, what it holds, and an example for the template file."""

    name: str
    explains: str = ""
    example: str = ""
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One line of a file: its values by column name, without spaces around them. A missing column reads as ""."""

    line: int
    values: Mapping[str, str] = field(repr=False)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")


@dataclass(frozen=True, slots=True)
class CsvFault:
    """What is wrong with one line. `text` never repeats a secret. `column` may be empty: the line as a whole."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class CsvReading:
    """The targets of the lines without fault, in the file's order, and every fault of the others."""

    targets: Sequence[Target] = ()
    faults: Sequence[CsvFault] = ()


class CsvFormat(Protocol):
    """What a file has to look like, and what its lines mean. `read` uses a constant number of queries."""

    columns: Sequence[CsvColumn]

    def read(self, rows: Sequence[CsvRow], *, organization_id: int, now: datetime) -> CsvReading: ...


def rows_of_file(data: bytes, *, columns: Sequence[CsvColumn]) -> tuple[list[CsvRow], list[CsvFault]]:
    """The rows of a file with a header line, and a fault for each line of another length.

    Commas, semicolons and tabs are understood, and so is what spreadsheets put in front. Raises InvalidFields.
    """
    if len(data) > LARGEST_FILE:
        raise _unreadable(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Split it.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unreadable(f"Line {line} is not UTF-8 text. Save the file as “CSV UTF-8”.") from None
    if "\x00" in text:
        raise _unreadable("This is no text file. Save the table as “CSV UTF-8”.")
    lines, faults = _lines(text)
    if not lines:
        raise _unreadable("The file is empty. Its first line must name the columns.")
    names = [_plain_name(cell) for cell in lines[0][1]]
    _check_names(names, columns=columns)
    rows = []
    for number, cells in lines[1:]:
        if len(cells) > len(names) and any(cells[len(names) :]):
            faults.append(CsvFault(number, "", f"has {len(cells)} values; the first line names {len(names)} columns."))
        elif len(cells) < len(names):
            faults.append(CsvFault(number, "", f"has only {len(cells)} of {len(names)} values."))
        else:
            rows.append(CsvRow(number, dict(zip(names, cells, strict=False))))
    if not rows and not faults:
        raise _unreadable("The file has no line but the first, which names the columns.")
    return rows, faults


def template_of(columns: Sequence[CsvColumn]) -> str:
    """A file to start from: the header and one example line."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([column.name for column in columns])
    writer.writerow([column.example for column in columns])
    return out.getvalue()


def fault_twice(lines: Sequence[tuple[int, object, MutableMapping[str, str]]], *, column: str) -> None:
    """Add a fault to every line but the first with the same value: (line number, value, faults by column)."""
    first: dict[object, int] = {}
    for number, value, faults in lines:
        if value in (None, ""):
            continue
        if value in first:
            faults.setdefault(column, f"is a duplicate of line {first[value]}.")
        first.setdefault(value, number)


def _lines(text: str) -> tuple[list[tuple[int, list[str]]], list[CsvFault]]:
    """(line number, cells) of every line that is not empty, and a fault for each that is no CSV."""
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    bounded = _BoundedLines(text)
    reader = csv.reader(bounded, delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    faults = []
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if bounded.have_ended:
                raise _unreadable(f"A quotation mark that opens in line {start} is never closed.") from None
            faults.append(CsvFault(start, "", f"cannot be read as CSV: {error}."))
            continue
        if cells is None:
            return found, faults
        if not found and len(cells) > MOST_COLUMNS:
            raise _unreadable(f"The first line names {len(cells):,} columns; {MOST_COLUMNS} are the most.")
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise _unreadable(f"Line {start} has a value of over {LONGEST_CELL:,} letters.")
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            found.append((start, stripped))
        if len(found) > MOST_LINES + 1:
            raise _unreadable(f"The file has more than {MOST_LINES:,} lines. Split it.")


class _BoundedLines:
    """The lines of a file as they are; one that would be cut into millions of values ends it."""

    def __init__(self, text: str) -> None:
        self._lines = enumerate(StringIO(text, newline=""), start=1)
        self.have_ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self._lines, (0, ""))
        if not line:
            self.have_ended = True
            raise StopIteration
        if len(line) > LONGEST_LINE:
            raise _unreadable(f"Line {number} has over {LONGEST_LINE:,} letters.")
        return line


def _plain_name(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_").replace("-", "_")


def _check_names(names: Sequence[str], *, columns: Sequence[CsvColumn]) -> None:
    known = [column.name for column in columns]
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise _unreadable(f"The first line names a column twice: {_shortened(twice)}.")
    missing = [column.name for column in columns if column.is_required and column.name not in names]
    if missing:
        raise _unreadable(
            f"The first line does not name {', '.join(missing)}. It must name the columns {', '.join(known)}."
        )
    unknown = [name for name in names if name not in known]
    if unknown:
        raise _unreadable(
            f"The first line names what is not known here: {_shortened(unknown)}. The columns are {', '.join(known)}."
        )


def _shortened(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(name[:64] for name in names[:_MOST_NAMED]) + more


def _unreadable(text: str) -> InvalidFields:
    """The file as a whole cannot be read."""
    return InvalidFields([Fault("file", "unreadable", text)])

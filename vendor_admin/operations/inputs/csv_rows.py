"""Files whose lines are rows of a plan: columns and the reading of cells come from the row's declaration."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal, get_args, get_origin

from vendor_admin.amounts import NotANumber, read_whole
from vendor_admin.errors import Fault
from vendor_admin.operations.csv_files import CsvColumn, CsvFault, CsvReading, CsvRow
from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import Described, fields_of
from vendor_admin.operations.inputs.reading import inner_of, read_input
from vendor_admin.operations.inputs.references import References
from vendor_admin.operations.kinds import Json, Target

YES, NO = ("yes", "true", "1"), ("no", "false", "0")
_SEPARATOR = "|"


@dataclass(slots=True)
class Line:
    """One line on its way: what it asks for, and the first fault of each column."""

    row: CsvRow
    given: Mapping[str, Json]
    asked: RowInput | None = None
    targets: Sequence[Target] = ()
    faults: MutableMapping[str, str] = field(default_factory=dict)


def columns_of(row: type[RowInput]) -> list[CsvColumn]:
    """The columns of files of such rows."""
    return [
        CsvColumn(name, one.text, _example(one), is_required=one.is_required) for name, one in fields_of(row).items()
    ]


class RowCsv:
    """The format of files of one kind of row. Subclasses add what single lines do not say: names that are taken."""

    row: ClassVar[type[RowInput]]

    columns: Sequence[CsvColumn]

    def __init_subclass__(cls) -> None:
        cls.columns = columns_of(cls.row)

    def read(self, rows: Sequence[CsvRow], *, organization_id: int, now: datetime) -> CsvReading:
        lines = [_line(row, self.row) for row in rows]
        found = References(((self.row, line.given) for line in lines), organization_id=organization_id)
        missing = [found.faults(self.row, line.given, "") for line in lines]
        for line, faults in zip(lines, missing, strict=True):
            _note(line, faults)
        self.check(lines, organization_id=organization_id, now=now)
        for line, faults in zip(lines, missing, strict=True):
            if line.asked is not None and not faults:
                line.targets = [self.labelled(target, line) for target in line.asked.targets(found)]
        self.check_targets(lines, organization_id=organization_id, now=now)
        return CsvReading(
            targets=[target for line in lines if not line.faults for target in line.targets],
            faults=[CsvFault(line.row.line, column, text) for line in lines for column, text in line.faults.items()],
        )

    def check(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        """Add the faults that come of other lines, or of what is there already. A constant number of queries."""

    def check_targets(self, lines: Sequence[Line], *, organization_id: int, now: datetime) -> None:
        """The same of what is known once the targets are."""

    def labelled(self, target: Target, line: Line) -> Target:
        """The target as the preview names it."""
        return target


def _line(row: CsvRow, kind: type[RowInput]) -> Line:
    unreadable: dict[str, str] = {}
    cells = {name: _cell(row[name], one, name, unreadable) for name, one in fields_of(kind).items() if row[name]}
    line = Line(row, {name: value for name, value in cells.items() if name not in unreadable}, faults=unreadable)
    faults: list[Fault] = []
    line.asked = read_input(kind, line.given, "", faults)
    _note(line, faults)
    return line


def _note(line: Line, faults: Sequence[Fault]) -> None:
    for fault in faults:
        column = fault.field.removeprefix("/").split("/", 1)[0]
        line.faults.setdefault(column, fault.text)


def _cell(text: str, described: Described, name: str, faults: MutableMapping[str, str]) -> Json:
    """What a cell says, as a program would. A fault is noted under its column."""
    inner = inner_of(described.annotation)
    if get_origin(inner) is tuple:
        return [word.strip() for word in text.split(_SEPARATOR) if word.strip()]
    if inner is bool:
        return _yes_or_no(text, name, faults)
    if inner is int:
        return _whole(text, name, faults)
    if get_origin(inner) is Literal:
        return _word(text, get_args(inner), described.words, name, faults)
    return text


def _yes_or_no(text: str, name: str, faults: MutableMapping[str, str]) -> bool:
    if text.casefold() not in (*YES, *NO):
        faults.setdefault(name, "is neither yes nor no.")
    return text.casefold() in YES


def _whole(text: str, name: str, faults: MutableMapping[str, str]) -> int | None:
    try:
        return read_whole(text)
    except NotANumber as refused:
        faults.setdefault(name, str(refused))
        return None


def _word(
    text: str, known: Sequence[Any], words: Mapping[str, Any], name: str, faults: MutableMapping[str, str]
) -> Json:
    """One of the platform's words, whatever its case, or one of ours for it."""
    said = {str(one).casefold(): one for one in known} | {word.casefold(): one for word, one in words.items()}
    if text.casefold() in said:
        return said[text.casefold()]
    shown = list(words) if words else [str(one) for one in known]
    faults.setdefault(name, f"must be {', '.join(f'“{one}”' for one in shown[:-1])} or “{shown[-1]}”.")
    return None


def _example(described: Described) -> str:
    example = described.examples[0] if described.examples else ""
    if isinstance(example, list):
        return _SEPARATOR.join(map(str, example))
    return ("yes" if example else "no") if isinstance(example, bool) else str(example)

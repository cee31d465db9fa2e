"""Uploaded files that were made to keep us busy: they end early, in words."""

import time

import pytest

from vendor_admin.errors import InvalidFields
from vendor_admin.operations.csv_files import MOST_COLUMNS, CsvColumn, rows_of_file

COLUMNS = (CsvColumn("name"), CsvColumn("note", is_required=False))


@pytest.mark.parametrize("name", ["column{}", "name"], ids=["other names", "one name"])
@pytest.mark.parametrize("width", [MOST_COLUMNS + 1, 120_000])
def test_a_wide_first_line_is_refused_at_once(name: str, width: int) -> None:
    data = ",".join(name.format(number) for number in range(width)).encode() + b"\n1,2\n"
    began = time.process_time()
    with pytest.raises(InvalidFields, match=r"100 are the most|over 1,000,000 letters") as caught:
        rows_of_file(data, columns=COLUMNS)
    assert time.process_time() - began < 2
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("line", [0, 1])
def test_a_line_that_would_be_cut_into_millions_of_values_is_refused(line: int) -> None:
    lines = [b"name,note", b"a,b"]
    lines[line] = b"," * 10_000_000
    with pytest.raises(InvalidFields, match=f"Line {line + 1} has over 1,000,000 letters"):
        rows_of_file(b"\n".join(lines), columns=COLUMNS)


def test_a_refused_first_line_is_not_repeated_at_length() -> None:
    names = ["name", *(f"{number}{'x' * 5_000}" for number in range(60))]
    with pytest.raises(InvalidFields, match="not known here") as caught:
        rows_of_file(",".join(names).encode() + b"\n", columns=COLUMNS)
    assert len(str(caught.value)) < 1_000
    assert "and 50 more" in str(caught.value)
    with pytest.raises(InvalidFields, match="a column twice: name"):
        rows_of_file(b"name,note,Name\n1,2,3\n", columns=COLUMNS)


def test_a_hundred_columns_are_read() -> None:
    columns = [CsvColumn(f"column{number}") for number in range(MOST_COLUMNS)]
    data = ",".join(column.name for column in columns) + "\n" + ",".join("1" * MOST_COLUMNS) + "\n"
    rows, faults = rows_of_file(data.encode(), columns=columns)
    assert len(rows) == 1
    assert faults == []

"""Files of the demo that only this account can read."""

import stat
from pathlib import Path

import pytest

from vendor_admin.private_files import read_object, write_object


def test_what_was_written_is_read_and_nobody_else_can(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    write_object(path, {"key": "vak_test_1"})
    assert read_object(path) == {"key": "vak_test_1"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", [None, "", "{", "[1]", "null"])
def test_what_holds_no_object_is_empty(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "key.json"
    if text is not None:
        path.write_text(text)
    assert read_object(path) == {}

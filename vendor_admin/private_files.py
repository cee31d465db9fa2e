"""JSON files that only this account can read: what a demo must keep between its runs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of a file; empty where there is no such file, or none that can be read."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_object(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object into a file, which only this account can read if it is new."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(values, indent=1))

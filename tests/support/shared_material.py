"""The folder of reference material beside the repository: read where it is there, never copied."""

import json
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).resolve().parents[3] / "shared"


def shared_material(name: str) -> Path:
    """The path of one piece of reference material; skips the test with a word where it is not there."""
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"no reference material beside the repository (../shared/{name})")
    return path


def captured_lines() -> list[dict[str, Any]]:
    """Every payload recorded in the field: source, kind, operation and the raw text; skips without them."""
    paths = sorted(shared_material("captures").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines() if line]

"""The layers of the service, as pyproject.toml writes them down."""

import subprocess
import sys
from pathlib import Path

from tests.support.database import ROOT


def test_imports_only_point_downwards() -> None:
    checker = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([checker, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

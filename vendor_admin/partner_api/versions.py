"""The dated versions of the partner API. Each key keeps the one that its answers follow."""

from typing import Final

CURRENT_VERSION: Final = "2026-12-01"

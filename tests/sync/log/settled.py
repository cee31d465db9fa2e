"""Sockets that have settled, and what is known of their gaps."""

from collections.abc import Callable
from typing import Any

from tests.support.running_hub import RunningHub
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
# Few, so that each story has few look-ups.
MIRRORED = ["account", "tradingPermission", "fill", "executionReport", "commandReport", "cashBalanceLog"]
T0 = "2026-11-20T10:00:00.000Z"


def snapshot(accounts: str) -> list[bytes]:
    return [f'a[{{"s":200,"i":{{i}},"d":{{"accounts":[{accounts}]}}}}]'.encode()]


def last_gap(stored: Stored, column: str) -> Callable[[], Any]:
    return lambda: (gaps := stored.gaps()) and gaps[-1][column]


def fails_first(platform: ScriptedPlatform, *endpoints: str) -> None:
    """The next call of each of these fails once."""
    platform.failures = {endpoint: [(500, "Internal Server Error")] for endpoint in endpoints}

"""Hosts that an organization chooses are called by the one client, which looks where they lead at each connection."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
JUDGED = "addresses_to_call"
JUDGED_BY_NAME = "judge_name"  # where a proxy looks names up
FOR_WEBHOOKS = "lambda _host: addresses"  # the addresses that posting.post has judged, and no proxy
CALLERS = {"RestClient", "ListStream", "CuttingAdapter"}
# These talk to the sandbox of a demo.
COMMANDS = {"seed_demo.py", "seed_members.py"}
SERVICE = sorted(
    path
    for package in ("vendor_admin", "accounts", "risk", "oauth_bridge")
    for path in (ROOT / package).rglob("*.py")
    if not {"sandbox", "embedded", "tradovate", "migrations"} & {*path.parts} and path.name not in COMMANDS
)


def calls_in(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))


def test_every_client_of_the_service_is_told_where_it_may_lead() -> None:
    found = 0
    for path in (one for one in SERVICE if any(name in one.read_text() for name in CALLERS)):
        for call in calls_in(path):
            if isinstance(call.func, ast.Name) and call.func.id in CALLERS:
                found += 1
                given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                assert given.get("resolve") in (JUDGED, FOR_WEBHOOKS), f"{path}:{call.lineno}"
                assert given.get("judge") == JUDGED_BY_NAME or given["resolve"] == FOR_WEBHOOKS, f"{path}:{call.lineno}"
    assert found > 5


def test_nothing_else_calls_out() -> None:
    callers = {"requests.get", "requests.post", "requests.put", "requests.request", "urlopen"}
    for path in (one for one in SERVICE if "requests" in (text := one.read_text()) or "urlopen" in text):
        for call in calls_in(path):
            assert ast.unparse(call.func) not in callers, f"{path}:{call.lineno}"

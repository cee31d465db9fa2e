"""Workers of one lane that end themselves, as kill -9 would, at one point. Started as a child by workers.py.

Reads one JSON order a line from standard input: `organization`, `environment`, `point`, `passes` (after how many
passes of that point), `path` (of which write; empty for any) and `ahead` (by how many seconds its clock is ahead, while
it does not mind). For each it forks, so that Django is loaded once; the
fork runs the product's own runner, with only the named step wrapped. Answers with the fork's exit code.
"""

import json
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import time_machine

POINTS = ("before the call", "after the call", "before the commit", "after the commit")


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _work(**json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _work(
    *, organization: int, environment: str, point: str, passes: int, path: str, seconds: float, ahead: float
) -> None:
    """Work on the lane in this process and end with it, one way or the other."""
    # Imported here, since Django's apps are there only now.
    from vendor_admin.operations.engine import runner
    from vendor_admin.organizations.tenancy import database_clock

    code = 1
    if ahead:
        database_clock.MOST_OFF = timedelta(days=1)
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=ahead)).start()
    try:
        _arm(point, passes=passes, path=path)
        runner.work(organization_id=organization, environment=environment, seconds=seconds)
        code = 0
    finally:
        os._exit(code)


def _arm(point: str, *, passes: int, path: str) -> None:
    """Let this process die at its `passes`-th pass of the point."""
    from vendor_admin.operations.engine import conclusions
    from vendor_admin.operations.store import outcome_store
    from vendor_admin.operations.store.verdicts import Conclusion
    from vendor_admin.tradovate.rest.client import RestClient

    left = passes

    def die(count: int = 1) -> None:
        nonlocal left
        left -= count
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def is_meant(name: str) -> bool:
        return path in ("", name)

    call, store, store_and = RestClient.call, outcome_store.store, conclusions.store_and

    def dying_call(client: RestClient, operation: Any, **named: Any) -> Any:
        is_one = operation.method == "POST" and is_meant(operation.path)
        if is_one and point == "before the call":
            die()
        outcome = call(client, operation, **named)
        if is_one and point == "after the call":
            die()
        return outcome

    def die_of(verdicts: Any) -> None:
        stored = [one for one in verdicts if isinstance(one, Conclusion) and is_meant(one.row.name)]
        if stored:
            die(len(stored))

    def dying_store(lane: Any, verdicts: Any, **named: Any) -> None:
        store(lane, verdicts, **named)
        die_of(verdicts)

    def dying_store_and(claim: Any, lane: Any, verdicts: Any, **named: Any) -> Any:
        claimed = store_and(claim, lane, verdicts, **named)
        die_of(verdicts)
        return claimed

    if point in ("before the call", "after the call"):
        RestClient.call = dying_call  # type: ignore[method-assign, assignment]
    elif point == "before the commit":
        outcome_store.store = dying_store
    elif point == "after the commit":
        conclusions.store_and = dying_store_and


if __name__ == "__main__":
    django.setup()
    main()

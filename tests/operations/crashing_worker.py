"""A worker of one lane that ends itself, as kill -9 would, at one point. Run as a child process by test_crashes.py.

Arguments: organization id, environment, point, and after how many passes of that point. It is the product's own
runner; only the named step is wrapped.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings

POINTS = ("before the call", "after the call", "before the commit", "after the commit", "never")


def main(organization_id: int, environment: str, point: str, passes: int) -> None:
    settings.OPERATION_SETTLE_SECONDS, settings.OPERATION_PATIENCE_SECONDS = 0.2, 1.0
    # Imported here, since Django's apps are there only now.
    from vendor_admin.operations import runner, storing
    from vendor_admin.tradovate.rest import RestClient

    left = passes

    def die() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def dying(function: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:
            is_write = not isinstance(arguments[0], RestClient) or arguments[1].method == "POST"
            if before and is_write:
                die()
            result = function(*arguments, **named)
            if not before and is_write:
                die()
            return result

        return wrapped

    if point == "before the call":
        RestClient.call = dying(RestClient.call, before=True)  # type: ignore[method-assign]
    elif point == "after the call":
        RestClient.call = dying(RestClient.call, before=False)  # type: ignore[method-assign]
    elif point == "before the commit":
        storing._conclude = dying(storing._conclude, before=False)
    elif point == "after the commit":
        runner._Runner._turn = dying_after_results(runner._Runner._turn, die)  # type: ignore[method-assign]
    runner.work(organization_id=organization_id, environment=environment, seconds=20)


def dying_after_results(turn: Callable[..., int], die: Callable[[], None]) -> Callable[..., int]:
    def wrapped(self: Any, called: Any, **named: Any) -> int:
        sent = turn(self, called, **named)
        if any(one.outcome is not None for one in called):
            die()
        return sent

    return wrapped


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))

"""A worker of one DEMO lane: `python -m benchmarks.lane_process ORGANIZATION`, until its stdin ends.

What is on the wire then is lost, as with a worker that is killed.
"""

import sys
import threading

import django

django.setup()

from benchmarks.plans import DEMO  # noqa: E402
from vendor_admin.operations.engine.runner import work  # noqa: E402


def _work(organization_id: int) -> None:
    while True:
        work(organization_id=organization_id, environment=DEMO)


if __name__ == "__main__":
    threading.Thread(target=_work, args=[int(sys.argv[1])], daemon=True).start()
    sys.stdin.read()

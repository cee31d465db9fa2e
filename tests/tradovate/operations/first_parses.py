"""Several threads at once are the first to read a body, for every write. Run as a child process, since it may die."""

import sys
import threading
from typing import Any

from tests.tradovate.operations.examples import BODIES
from vendor_admin.tradovate.operations import WRITES, Write

THREADS = 8


def parse(write: Write[Any], body: dict[str, Any], barrier: threading.Barrier) -> None:
    barrier.wait()
    write.parse(body)


if __name__ == "__main__":
    sys.setswitchinterval(1e-7)
    for path, one in WRITES.items():
        barrier = threading.Barrier(THREADS)
        threads = [threading.Thread(target=parse, args=(one, BODIES[path], barrier)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

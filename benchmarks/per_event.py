"""The client that everybody writes first: websockets.sync, json, `save` and `update_or_create` for each event.

Run as `python -m benchmarks.per_event WEBSOCKET_URL GROUP ORGANIZATION_ID LEASE_ID SECONDS`; it connects, prints `{}`
when it is live, and when its time is over what it stored.
"""

import itertools
import json
import sys
import time
from datetime import UTC, datetime

import django
from websockets.sync.client import connect

django.setup()

from benchmarks.installation import ENVIRONMENT  # noqa: E402
from benchmarks.orm import save_one  # noqa: E402
from vendor_admin.sync.log.rows import Row  # noqa: E402


def main(url: str, group: str, organization_id: int, lease_id: int, seconds: float) -> None:
    """Store what arrives for some seconds after the first event."""
    numbers = itertools.count(1)
    with connect(url, compression=None, max_size=None) as socket:
        socket.recv()
        socket.send(f"authorize\n1\n\n{group}:0")
        socket.recv()
        socket.send("user/syncrequest\n2\n\n{}")
        socket.recv()
        print("{}", flush=True)
        first, started, cpu = socket.recv(), time.perf_counter(), time.process_time()
        for text in itertools.chain([first], socket):
            received_at = datetime.now(UTC)
            for message in json.loads(str(text)[1:]) if str(text).startswith("a") else ():
                props = message["d"]
                entity = props["entity"]
                save_one(
                    Row(
                        organization_id=organization_id,
                        environment=ENVIRONMENT,
                        lease_id=lease_id,
                        epoch=1,
                        seq=next(numbers),
                        received_at=received_at.isoformat(),
                        kind={"Created": 1, "Updated": 2}.get(props["eventType"], 3),
                        entity_type=props["entityType"],
                        entity_id=entity["id"],
                        account_id=entity.get("accountId"),
                        entity=json.dumps(entity).encode(),
                    )
                )
            if time.perf_counter() - started > seconds:
                break
        taken = {"seconds": time.perf_counter() - started, "client_cpu": time.process_time() - cpu}
        print(json.dumps({"events": next(numbers) - 1, **taken}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))

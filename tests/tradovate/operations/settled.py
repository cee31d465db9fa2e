"""What was done by what is found."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.tradovate.operations.examples import BODIES, NOW
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES, Reading

SENT_AT = NOW
READ_AT = NOW + timedelta(minutes=5)
MARK = "7KQ2M9XA"


def happened(
    path: str,
    entity_type: str,
    entities: Sequence[dict[str, Any]],
    *,
    environment: Environment | None = None,
    read_at: datetime = READ_AT,
    mark: str = MARK,
    before: dict[str, Any] | None = None,
    ended_at: datetime | None = None,
    **fields: Any,
) -> bool | None:
    write = WRITES[path]
    (request,) = write.split(write.parse({**BODIES[path], **fields}))
    reading = Reading(
        environment=environment or min(write.operation.environments),
        sent_at=SENT_AT,
        read_at=read_at,
        found={entity_type: entities},
        mark=mark,
        before=before,
        ended_at=ended_at,
    )
    return write.happened(request, reading)


def permission(**fields: Any) -> dict[str, Any]:
    return {"id": 300, "accountId": 200, "userId": 100, "status": "Accepted", **fields}

"""What tests of the writer read and break."""

from tests.sync.stored import Stored

OLD, NEW = "2026-11-20T10:00:00.000Z", "2026-11-20T10:00:05.000Z"


def names(stored: Stored) -> dict[int, str]:
    return {account["entity_id"]: account["name"] for account in stored.mirror("account")}

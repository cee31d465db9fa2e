"""Which account an order is for, and who may trade it."""

from vendor_admin.sandbox.trading.refusals import denied
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.state import Entity, Record

ACTIVE_PERMISSIONS = ("Accepted", "Approved")


def account_for(edits: Edits, account_id: int | None, account_spec: str | None, *, is_administrator: bool) -> Record:
    """The account that an order names by id or by name; raises OrderRefusedError.

    The key of an ordinary user reaches that user's accounts only.
    """
    record = edits.book().get("account", account_id) if account_id is not None else _named(edits, account_spec)
    if record is None or not (is_administrator or record.entity["userId"] == edits.organization.admin_user_id):
        raise denied()
    return record


def has_permission(edits: Edits, account: Entity) -> bool:
    """Whether anybody may trade an account; most often it is its own user."""
    book = edits.book()
    if any(_permits(record, account["id"]) for record in book.dependents("tradingPermission", account["userId"])):
        return True
    return any(_permits(record, account["id"]) for record in book.all("tradingPermission"))


def _permits(record: Record, account_id: int) -> bool:
    return record.entity["accountId"] == account_id and record.entity["status"] in ACTIVE_PERMISSIONS


def _named(edits: Edits, name: str | None) -> Record | None:
    if not name:
        return None
    return next((record for record in edits.book().all("account") if record.entity["name"] == name), None)

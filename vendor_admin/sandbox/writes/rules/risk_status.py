"""The risk status of an account, and the log that every change of it leaves."""

from typing import Any

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.desk import Desk


def change_risk_status(desk: Desk, account_id: int, **fields: Any) -> Entity:  # Any: fields of an AccountRiskStatus
    """Change fields of the status (None takes one away) and log how it stands then; raises MissingError."""
    record = desk.own("accountRiskStatus", account_id)
    entity = desk.update("accountRiskStatus", record, **fields)
    entry = {**entity, "id": desk.new_id(), "accountId": account_id, "timestamp": desk.at}
    desk.create("accountRiskStatusLog", entry, account_id=account_id, user_id=record.user_id)
    return entity


def raise_peak(desk: Desk, account_id: int, *, by: float, amount: float) -> None:
    """Move the peak that a trailing drawdown is measured from; `amount` is the balance now.

    It is raised to the balance at once, but for a drawdown that follows at the end of the day.
    """
    record = desk.book().get("accountRiskStatus", account_id)
    if record is None:
        return
    peak = round(record.entity.get("maxNetLiq", amount - by) + by, 2)
    limits = desk.book().get("userAccountAutoLiq", account_id)
    if limits is None or limits.entity.get("trailingMaxDrawdownMode") != "EOD":
        peak = max(peak, amount)
    low = min(record.entity.get("minNetLiq", amount), amount)
    if (peak, low) != (record.entity.get("maxNetLiq"), record.entity.get("minNetLiq")):
        change_risk_status(desk, account_id, maxNetLiq=peak, minNetLiq=low)

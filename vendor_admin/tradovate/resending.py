"""The one rule about sending a call a second time without reading first what came of it."""

from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.outcomes import (
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    WrongHost,
)


def may_be_resent(operation: Operation, outcome: Outcome) -> bool:
    """Say whether the call may go out again although nobody has read what became of it.

    Only where it is proven that the call was not executed: nothing was sent, a penalty ticket, 429 or 423, a host that
    does not serve the organization, or 401. Words of the platform are no proof, nor are 408 and 5xx: the change may
    have been made before the session ended. Where repeating is harmless, an answer that speaks of a dead session is
    enough. 403 is an answer about rights: another try, or another token, brings the same.
    """
    match outcome:
        case NotSent() | Penalized() | Locked() | WrongHost():
            return True
        case Unauthorized(status=401):
            return True
        case Unauthorized(status=status):
            return operation.harmless_to_repeat and status != 403
        case Success() | Rejected() | Unknown():
            return False

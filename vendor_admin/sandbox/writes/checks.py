"""Small checks with the platform's way of putting things: "Comment should be no longer than 64"."""

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import DeniedError, RefusalError

MOST_TOGETHER = 60


def need_administrator(desk: Desk) -> None:
    """Raise DeniedError for the key of an ordinary user."""
    if not desk.is_administrator:
        raise DeniedError


def need_positive(title: str, number: float) -> None:
    """Ids and sums that have to be greater than 0."""
    if number <= 0:
        raise RefusalError(f"{title} should be greater than 0")


def need_between(title: str, number: float, bound: float) -> None:
    """Strictly between -bound and bound."""
    if number <= -bound:
        raise RefusalError(f"{title} should be greater than -{bound:.0f}")
    if number >= bound:
        raise RefusalError(f"{title} should be less than {bound:.0f}")


def need_length(title: str, text: str, *, least: int = 0, most: int) -> None:
    """The number of characters of a text."""
    if len(text) < least:
        raise RefusalError(f"{title} should be no shorter than {least}" if text else f"{title} should be specified")
    if len(text) > most:
        raise RefusalError(f"{title} should be no longer than {most}")


def need_open_account(account: Entity) -> None:
    """A closed account takes no changes."""
    if account.get("closed"):
        raise RefusalError("Demo account is closed")

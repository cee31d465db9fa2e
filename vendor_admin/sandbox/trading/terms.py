"""What an order may ask for, as far as the answer to its call says it."""

import datetime as dt

from vendor_admin.sandbox.market.checks import check_terms
from vendor_admin.sandbox.market.kinds import trigger_field
from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason
from vendor_admin.sandbox.world.products import Contract

MOST_TEXT = 64
MOST_QUANTITY = 2**31 - 1


def read_action(word: str) -> Action:
    """Buy or Sell; raises OrderRefusedError."""
    if word == "Buy":
        return "Buy"
    if word == "Sell":
        return "Sell"
    raise OrderRefusedError(Reason.UNKNOWN, "Action should be Buy or Sell")


def need_terms(contract: Contract, action: Action, terms: Terms, *, now: dt.datetime) -> None:
    """Raise OrderRefusedError for terms that no market could take. `now` is the market's time.

    On which side of the price a stop is, the market says itself when the order comes to it.
    """
    if terms.quantity > MOST_QUANTITY:
        raise OrderRefusedError(Reason.OTHER, f"orderQty must be at most {MOST_QUANTITY}.")
    refusal = check_terms(terms, action, contract.product, last=None, now=now)
    if refusal is not None:
        raise OrderRefusedError(refusal.reason, refusal.text)


def is_stop(terms: Terms) -> bool:
    """Whether an order waits for a price that is worse than the market's."""
    return trigger_field(terms.order_type) == "stopPrice"


def need_texts(*texts: str | None) -> None:
    """Raise OrderRefusedError for a text that is longer than the platform keeps."""
    if any(text is not None and len(text) > MOST_TEXT for text in texts):
        raise OrderRefusedError(Reason.UNKNOWN, f"Texts should be no longer than {MOST_TEXT}")


def aware(moment: dt.datetime | None) -> dt.datetime | None:
    """A time with its offset; one without is UTC."""
    return moment.replace(tzinfo=dt.UTC) if moment is not None and moment.tzinfo is None else moment

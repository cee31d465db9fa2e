"""Paying for plans, entitlements and market data out of the organization's LIVE billing account."""

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import RefusalError
from vendor_admin.sandbox.writes.rules.cash import amount_of, move_cash

BILLING_SUFFIX = "_DATA"


def pay(desk: Desk, *, account_id: int | None, credit_card_id: int | None, price: float, change_type: str) -> Entity:
    """Take the price from the billing account; gives the fields that the thing paid for keeps of it.

    What costs nothing needs no account. Credit cards are a trader's own way and closed to vendors.
    """
    account = _billing_account(desk, account_id)
    if price <= 0:
        return {"accountId": account.entity["id"]} if account else {}
    if account is None or credit_card_id is not None:
        raise RefusalError("Incorrect payment method", code="IncorrectPaymentMethod")
    if amount_of(desk.book(), account.entity["id"]) < price:
        raise RefusalError("Insufficient funds", code="InsufficientFunds")
    entry = move_cash(desk, account, delta=-price, change_type=change_type)
    return {"accountId": account.entity["id"], "cashBalanceLogId": entry["id"]}


def billing_account_id(desk: Desk) -> int | None:
    """The organization's billing account, which pays for what is given along with a new user."""
    for record in desk.book().all("account"):
        if str(record.entity["name"]).endswith(BILLING_SUFFIX):
            return int(record.entity["id"])
    return None


def _billing_account(desk: Desk, account_id: int | None) -> Record | None:
    if account_id is None:
        return None
    account = desk.book().get("account", account_id)
    if account is None or not str(account.entity["name"]).endswith(BILLING_SUFFIX):
        raise RefusalError("Incorrect payment method", code="IncorrectPaymentMethod")
    return account

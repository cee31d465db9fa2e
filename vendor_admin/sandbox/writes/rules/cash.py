"""Money of an account: moving it, and what the platform tells about it."""

from vendor_admin.sandbox.trading.valuation import value_per_point
from vendor_admin.sandbox.world.state import Book, Entity, Record
from vendor_admin.sandbox.writes.desk import Desk

USD = 1


def balance_of(book: Book, account_id: int, currency_id: int = USD) -> Record | None:
    """The account's cash in a currency."""
    for record in book.dependents("cashBalance", account_id):
        if record.entity["currencyId"] == currency_id:
            return record
    return None


def amount_of(book: Book, account_id: int) -> float:
    """The account's dollars."""
    record = balance_of(book, account_id)
    return float(record.entity["amount"]) if record else 0.0


def move_cash(
    desk: Desk,
    account: Record,
    *,
    delta: float,
    change_type: str,
    comment: str | None = None,
    currency_id: int = USD,
    sender_id: int | None = None,
    **fields: int,
) -> Entity:
    """Change a balance and write its log entry, which is returned; `fields` are more fields of the entry."""
    account_id = account.entity["id"]
    known = balance_of(desk.book(), account_id, currency_id)
    if known is None:
        entity = open_balance(desk, account, amount=delta, currency_id=currency_id)
    else:
        amount = round(known.entity["amount"] + delta, 2)
        entity = desk.update("cashBalance", known, timestamp=desk.at, tradeDate=desk.trade_date, amount=amount)
    return log_cash(
        desk,
        account,
        entity,
        delta=round(delta, 2),
        change_type=change_type,
        **({} if comment is None else {"comment": comment}),
        senderId=sender_id or desk.admin_user_id,
        **fields,
    )


def open_balance(
    desk: Desk, account: Record, *, amount: float, currency_id: int = USD, at_session_start: float = 0.0
) -> Entity:
    """An account's first balance in a currency."""
    account_id = account.entity["id"]
    entity = {
        "id": desk.new_id("cash"),
        "accountId": account_id,
        "timestamp": desk.at,
        "tradeDate": desk.trade_date,
        "currencyId": currency_id,
        "amount": round(amount, 2),
        "realizedPnL": 0.0,
        "weekRealizedPnL": 0.0,
        "archived": False,
        "amountSOD": round(at_session_start, 2),
    }
    return desk.create("cashBalance", entity, account_id=account_id, user_id=account.user_id)


def log_cash(
    desk: Desk, account: Record, balance: Entity, *, delta: float, change_type: str, **fields: int | str
) -> Entity:
    """An entry of the balance's log, with the amount after the change."""
    kept = ("accountId", "timestamp", "tradeDate", "currencyId", "amount", "realizedPnL", "weekRealizedPnL")
    entity = {
        "id": desk.new_id("cash"),
        **{name: balance[name] for name in kept},
        "cashChangeType": change_type,
        "delta": delta,
        **fields,
    }
    return desk.create("cashBalanceLog", entity, account_id=account.entity["id"], user_id=account.user_id)


def snapshot_of(desk: Desk, account_id: int) -> Entity:
    """The platform's CashBalanceSnapshot of an account, computed from its balance, positions and margin."""
    book = desk.book()
    record = balance_of(book, account_id)
    cash: Entity = record.entity if record else {}
    margin_record = book.get("marginSnapshot", account_id)
    margin: Entity = margin_record.entity if margin_record else {}
    total, at_start = float(cash.get("amount", 0.0)), float(cash.get("amountSOD", 0.0))
    open_pnl, realized = _open_pnl(desk, account_id), float(cash.get("realizedPnL", 0.0))
    return {
        "totalCashValue": total,
        "totalPnL": round(realized + open_pnl, 2),
        "initialMargin": margin.get("initialMargin", 0.0),
        "maintenanceMargin": margin.get("maintenanceMargin", 0.0),
        "netLiq": round(total + open_pnl, 2),
        "openPnL": open_pnl,
        "realizedPnL": realized,
        "weekRealizedPnL": cash.get("weekRealizedPnL", 0.0),
        "netLiqSOD": at_start,
        "totalCashValueSOD": at_start,
        "cashUSD": total,
        "cashSODUSD": at_start,
        "fullInitialMargin": margin.get("fullInitialMargin", 0.0),
        "autoLiqLevel": margin.get("autoLiqLevel", 0.0),
    }


def _open_pnl(desk: Desk, account_id: int) -> float:
    """What the open positions would bring: at the market's price where the account traded there, else at the last
    price of a fill.
    """
    total, view = 0.0, desk.view()
    for record in desk.book().dependents("position", account_id):
        position = record.entity
        contract_id = position["contractId"]
        if position["netPos"]:
            price = desk.exchange.price_for(account_id, contract_id)
            if price is None:
                price = _last_price(desk, contract_id, position["netPrice"])
            total += position["netPos"] * (price - position["netPrice"]) * value_per_point(view, contract_id)
    return round(total, 2)


def _last_price(desk: Desk, contract_id: int, otherwise: float) -> float:
    fills = desk.book().tables.get("fill", {})
    for record in reversed(fills.values()):
        if record.entity["contractId"] == contract_id:
            return float(record.entity["price"])
    return otherwise

"""What a seed says of an account: its permission, risk settings, limits and cash."""

import datetime as dt
from typing import Any

from vendor_admin.sandbox.world.seed import Seed
from vendor_admin.sandbox.world.state import Book, Entity
from vendor_admin.sandbox.world.times import timestamp, trade_date

_SIZES = (25_000.0, 50_000.0, 100_000.0, 150_000.0)


def add_demo_account(seed: Seed, user_id: int, index: int, number: int, holder: str, email: str) -> None:
    """Add one simulated account of a member, with all that belongs to it."""
    size = seed.rng.choice(_SIZES)
    account_id = seed.account_id
    seed.account_id += 1
    owner: dict[str, Any] = {"account": account_id, "user": user_id}
    add_account(
        seed, seed.demo, f"{seed.word.upper()}{index:06d}{number:02d}", user_id, size=size, account_id=account_id
    )
    seed.put(
        seed.demo,
        "tradingPermission",
        **owner,
        id=seed.next_id(),
        userId=user_id,
        accountId=account_id,
        accountHolderContact=seed.organization.name,
        accountHolderEmail=f"admin@{seed.word}.example",
        ctaContact=holder,
        ctaEmail=email,
        status="Revoked" if seed.rng.random() < 0.08 else "Accepted",
        updated=seed.built_at,
        approvedById=seed.organization.admin_user_id,
    )
    status = _add_risk(seed, account_id, user_id, size=size)
    balance = round(size + seed.rng.uniform(-0.03, 0.05) * size, 2)
    status["maxNetLiq"] = max(size, balance)
    add_cash(seed, seed.demo, account_id, user_id, amount=balance)


def add_account(seed: Seed, book: Book, name: str, user_id: int, *, size: float, account_id: int) -> None:
    """Add the account itself."""
    created = timestamp(seed.now - dt.timedelta(days=seed.rng.randint(1, 300)))
    seed.put(
        book,
        "account",
        account=account_id,
        user=user_id,
        id=account_id,
        name=name,
        userId=user_id,
        accountType="Customer",
        restricted=False,
        closed=False,
        clearingHouseId=2,
        riskCategoryId=seed.rng.choice(seed.category_ids),
        autoLiqProfileId=19,
        marginAccountType="Speculator",
        legalStatus="Individual",
        archived=False,
        timestamp=created,
        evaluationSize=size,
        active=True,
    )


def add_cash(seed: Seed, book: Book, account_id: int, user_id: int, *, amount: float) -> None:
    """Add what an account holds, and how it came by it."""
    balance: dict[str, Any] = {
        "accountId": account_id,
        "timestamp": seed.built_at,
        "tradeDate": trade_date(seed.today),
        "currencyId": 1,
        "amount": amount,
        "realizedPnL": 0.0,
        "weekRealizedPnL": 0.0,
    }
    seed.cash_id += 2
    owner: dict[str, Any] = {"account": account_id, "user": user_id}
    seed.put(book, "cashBalance", **owner, id=seed.cash_id, **balance, archived=False, amountSOD=amount)
    seed.put(
        book,
        "cashBalanceLog",
        **owner,
        id=seed.cash_id + 1,
        **balance,
        cashChangeType="NewSession",
        delta=0.0,
    )


def _add_risk(seed: Seed, account_id: int, user_id: int, *, size: float) -> Entity:
    """Returns the account's risk status."""
    owner: dict[str, Any] = {"account": account_id, "user": user_id}
    drawdown = round(size * 0.05)
    seed.put(
        seed.demo,
        "userAccountAutoLiq",
        **owner,
        id=account_id,
        changesLocked=True,
        dailyLossAutoLiq=round(size * 0.022),
        trailingMaxDrawdown=drawdown,
        trailingMaxDrawdownLimit=round(size + 100),
        trailingMaxDrawdownMode=seed.rng.choice(("RealTime", "EOD")),
        doNotUnlock=True,
    )
    seed.put(
        seed.demo,
        "permissionedAccountAutoLiq",
        **owner,
        id=account_id,
        dailyLossAutoLiq=round(size * 0.03),
        changesLocked=False,
    )
    locked = seed.rng.random() < 0.06
    status = seed.put(
        seed.demo,
        "accountRiskStatus",
        **owner,
        id=account_id,
        adminAction="LockTradingImmediately" if locked else "Normal",
        adminTimestamp=seed.built_at,
        userTriggeredLiqOnly=False,
        maxNetLiq=size,
        minNetLiq=size - drawdown,
    )
    seed.put(
        seed.demo,
        "marginSnapshot",
        **owner,
        id=account_id,
        timestamp=seed.built_at,
        riskTimePeriodId=seed.period_id,
        initialMargin=0.0,
        maintenanceMargin=0.0,
        autoLiqLevel=0.0,
        liqOnlyLevel=0.0,
        totalUsedMargin=0.0,
        fullInitialMargin=0.0,
        positionMargin=0.0,
        totalUsedFullMargin=0.0,
    )
    _add_limits(seed, account_id, user_id)
    return status


def _add_limits(seed: Seed, account_id: int, user_id: int) -> None:
    limit = seed.put(
        seed.demo,
        "userAccountPositionLimit",
        account=account_id,
        user=user_id,
        id=seed.next_id(),
        active=True,
        riskTimePeriodId=seed.period_id,
        totalBy="Overall",
        exposedLimit=seed.rng.choice((3, 5, 10)),
        description="Evaluation limit",
        accountId=account_id,
    )
    seed.put(
        seed.demo,
        "userAccountRiskParameter",
        account=account_id,
        user=user_id,
        id=seed.next_id(),
        maxOpeningOrderQty=limit["exposedLimit"],
        hardLimit=True,
        userAccountPositionLimitId=limit["id"],
    )

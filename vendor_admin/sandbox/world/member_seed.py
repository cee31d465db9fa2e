"""What a seed says of a member: the user on both hosts, contact info, subscriptions, and accounts."""

import datetime as dt
from typing import Any

from vendor_admin.sandbox.world.account_seed import add_demo_account
from vendor_admin.sandbox.world.reference import SIM_PLUS_ENTITLEMENT
from vendor_admin.sandbox.world.seed import Seed
from vendor_admin.sandbox.world.times import timestamp, trade_date

_FIRST = ("Ada", "Bruno", "Chen", "Dana", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Liam", "Maya")
_LAST = ("Abel", "Brandt", "Costa", "Dumas", "Eriksen", "Fischer", "Garcia", "Haas", "Ito", "Jansen", "Kovac", "Lopez")
_STATUSES = ("Active",) * 16 + ("Initiated", "UnconfirmedEmail", "TemporaryLocked", "Closed")


def add_trader(seed: Seed, index: int, *, accounts: int) -> None:
    """Add a user on both hosts with subscriptions (LIVE) and accounts (DEMO)."""
    first, last = seed.rng.choice(_FIRST), seed.rng.choice(_LAST)
    user_id = seed.user_id
    name = f"{seed.word.upper()}_{100_000 + index}"
    email = f"{first}.{last}.{index}@traders.example".lower()
    add_user(seed, name, email, seed.rng.choice(_STATUSES))
    _add_contact(seed, user_id, first, last)
    _add_subscriptions(seed, user_id)
    for number in range(accounts):
        add_demo_account(seed, user_id, index, number, f"{first} {last}", email)


def add_user(seed: Seed, name: str, email: str, status: str) -> None:
    """Add a user on both hosts."""
    user_id = seed.user_id
    seed.user_id += 1
    created = timestamp(seed.now - dt.timedelta(days=seed.rng.randint(5, 500), seconds=seed.rng.random()))
    for book in (seed.demo, seed.live):
        seed.put(
            book,
            "user",
            account=None,
            user=user_id,
            id=user_id,
            name=name,
            timestamp=created,
            userType="Trader",
            email=email,
            status=status,
            professional=False,
            organizationId=seed.organization.id,
            hibernated=False,
        )
        seed.put(
            book,
            "userProperty",
            account=None,
            user=user_id,
            id=user_id * 10 + 1,
            userId=user_id,
            propertyId=1,
            value="en",
        )
        seed.put(
            book,
            "userSessionStats",
            account=None,
            user=user_id,
            id=user_id,
            lastSessionTime=created,
            failedPasswords=0,
        )


def _add_contact(seed: Seed, user_id: int, first: str, last: str) -> None:
    seed.put(
        seed.live,
        "contactInfo",
        account=None,
        user=user_id,
        id=seed.next_id(),
        userId=user_id,
        firstName=first,
        lastName=last,
        streetAddress1=f"{seed.rng.randint(1, 999)} Example Street",
        city="Chicago",
        state="Illinois",
        postCode=f"60{seed.rng.randint(100, 699)}",
        country="US",
        phone=f"+1312555{seed.rng.randint(1000, 9999)}",
        mailingIsDifferent=False,
    )


def _add_subscriptions(seed: Seed, user_id: int) -> None:
    start, month_end = seed.today.replace(day=1), _month_end(seed)
    at = timestamp(dt.datetime.combine(start, dt.time(0, 30), tzinfo=dt.UTC))
    owner: dict[str, Any] = {"account": seed.data_account_id, "user": user_id, "userId": user_id}
    paid: dict[str, Any] = {"timestamp": at, "planPrice": 0.0, "accountId": seed.data_account_id}
    seed.put(
        seed.live,
        "tradovateSubscription",
        **owner,
        **paid,
        id=seed.next_id(),
        tradovateSubscriptionPlanId=seed.plan_id,
        startDate=trade_date(start),
        expirationDate=trade_date(month_end),
        paidAmount=0.0,
        cancelledRenewal=seed.rng.random() < 0.1,
    )
    seed.put(
        seed.live,
        "userPlugin",
        **owner,
        **paid,
        id=seed.next_id(),
        pluginName="TProp",
        approval=True,
        entitlementId=SIM_PLUS_ENTITLEMENT,
        startDate=trade_date(start),
        expirationDate=trade_date(month_end),
        paidAmount=0.0,
        autorenewal=True,
    )
    seed.put(
        seed.live,
        "marketDataSubscription",
        **owner,
        **{**paid, "planPrice": 4.0},
        id=seed.next_id(),
        marketDataSubscriptionPlanId=41,
        year=seed.today.year,
        month=seed.today.month,
        expired=False,
        renewalAccountId=seed.data_account_id,
    )


def _month_end(seed: Seed) -> dt.date:
    return (seed.today.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)

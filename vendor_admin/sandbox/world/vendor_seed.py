"""The organizations' own part of the world: vendors with their administrators, plans and risk categories; traders."""

import datetime as dt
import random

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.account_seed import add_account, add_cash
from vendor_admin.sandbox.world.member_seed import add_trader, add_user
from vendor_admin.sandbox.world.seed import ORGANIZATION_STEP, USER_IDS, Seed
from vendor_admin.sandbox.world.state import Organization, World

_FIRMS = ("Northwind Funding", "Bluewater Traders", "Summit Evaluations", "Harbor Capital", "Redwood Prop")


def build_organization(world: World, *, number: int, configuration: Configuration, now: dt.datetime) -> None:
    """Add the `number`th vendor (from 0) with its users and accounts."""
    rng = random.Random(f"{configuration.seed}/{number}")
    organization = _organization(number, rng)
    world.add_organization(organization)
    seed = Seed(world, organization, number=number, rng=rng, now=now)
    _add_administrator(seed)
    for index in range(configuration.users):
        add_trader(seed, index, accounts=configuration.accounts_per_user)


def _organization(number: int, rng: random.Random) -> Organization:
    name = _FIRMS[number] if number < len(_FIRMS) else f"Vendor {number + 1}"
    word = name.split()[0].lower() if number < len(_FIRMS) else f"vendor{number + 1}"
    return Organization(
        id=20 + number,
        name=name,
        admin_user_id=USER_IDS + number * ORGANIZATION_STEP,
        key_name=f"{word}-key",
        username=f"{word}_admin",
        password=f"sandbox-{rng.getrandbits(40):010x}",
        cid=str(8_000 + number),
        sec=f"sandbox-sec-{rng.getrandbits(64):016x}",
    )


def _add_administrator(seed: Seed) -> None:
    """The vendor's own user, its plan, its risk categories, and the live billing account."""
    organization = seed.organization
    add_user(seed, organization.username, f"admin@{seed.word}.example", "Active")
    for book in (seed.demo, seed.live):
        seed.put(book, "organization", account=None, user=None, id=organization.id, name=organization.name)
    seed.plan_id = seed.next_id()
    seed.put(
        seed.live,
        "tradovateSubscriptionPlan",
        account=None,
        user=None,
        id=seed.plan_id,
        name=f"{seed.word.upper()}_MONTHLY",
        title=f"{organization.name} monthly",
        price=0.0,
        category="Evaluation",
        trial=False,
        duration=1,
        durationUnits="Month",
        organizationId=organization.id,
        multipleAccounts=True,
    )
    _add_risk_categories(seed)
    seed.data_account_id = seed.account_id
    own = {"account_id": seed.data_account_id, "user_id": organization.admin_user_id}
    add_account(seed, seed.live, f"{seed.word.upper()}_DATA", **own, size=0.0)
    add_cash(seed, seed.live, **own, amount=2_500.0)
    seed.account_id += 1


def _add_risk_categories(seed: Seed) -> None:
    period = seed.next_id()
    seed.put(
        seed.demo,
        "riskTimePeriod",
        account=None,
        user=None,
        id=period,
        name="Day session",
        startTime={"hour": 17, "minute": 0},
        stopTime={"hour": 15, "minute": 55},
        organizationId=seed.organization.id,
    )
    seed.period_id = period
    seed.category_ids = []
    for contracts in (5, 10, 15):
        category = seed.next_id()
        seed.category_ids.append(category)
        seed.put(seed.demo, "riskCategory", account=None, user=None, id=category, name=f"{contracts} contracts")
        limit = seed.put(
            seed.demo,
            "categoryPositionLimit",
            account=None,
            user=None,
            id=seed.next_id(),
            active=True,
            riskTimePeriodId=period,
            totalBy="Overall",
            exposedLimit=contracts,
            riskCategoryId=category,
        )
        seed.put(
            seed.demo,
            "categoryRiskParameter",
            account=None,
            user=None,
            id=seed.next_id(),
            maxOpeningOrderQty=contracts,
            hardLimit=True,
            categoryPositionLimitId=limit["id"],
        )

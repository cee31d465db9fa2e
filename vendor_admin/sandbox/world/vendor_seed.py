"""The organizations' own part of the world: administrators, traders, accounts, risk, subscriptions."""

import datetime as dt
import random
from typing import Any

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.reference import SIM_PLUS_ENTITLEMENT
from vendor_admin.sandbox.world.state import Book, Entity, Organization, World
from vendor_admin.sandbox.world.times import session_date, timestamp, trade_date
from vendor_admin.tradovate.enums import Environment

_FIRMS = ("Northwind Funding", "Bluewater Traders", "Summit Evaluations", "Harbor Capital", "Redwood Prop")
_FIRST = ("Ada", "Bruno", "Chen", "Dana", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Liam", "Maya")
_LAST = ("Abel", "Brandt", "Costa", "Dumas", "Eriksen", "Fischer", "Garcia", "Haas", "Ito", "Jansen", "Kovac", "Lopez")
_SIZES = (25_000.0, 50_000.0, 100_000.0, 150_000.0)
_STATUSES = ("Active",) * 16 + ("Initiated", "UnconfirmedEmail", "TemporaryLocked", "Closed")

# Ranges of ids are apart for each organization, so that a seed gives the same ids however many others there are.
USER_IDS = 2_000_000
ACCOUNT_IDS = 18_000_000
ORGANIZATION_STEP = 1_000_000


def build_organization(world: World, *, number: int, configuration: Configuration, now: dt.datetime) -> None:
    """Add the `number`th vendor (from 0) with its users and accounts."""
    rng = random.Random(f"{configuration.seed}/{number}")
    organization = _organization(number, rng)
    world.add_organization(organization)
    builder = _Builder(world, organization, number=number, rng=rng, now=now)
    builder.administrator()
    for index in range(configuration.users):
        builder.trader(index, accounts=configuration.accounts_per_user)


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


class _Builder:
    """Writes one organization's entities; the counters of ids live here."""

    def __init__(
        self, world: World, organization: Organization, *, number: int, rng: random.Random, now: dt.datetime
    ) -> None:
        self.demo = world.book(Environment.DEMO, organization.id)
        self.live = world.book(Environment.LIVE, organization.id)
        self.organization = organization
        self.rng = rng
        self.now = now
        self.built_at = timestamp(now)
        self.today = session_date(now)
        self.user_id = organization.admin_user_id
        self.account_id = ACCOUNT_IDS + number * ORGANIZATION_STEP
        self.other_id = 30_000 + number * ORGANIZATION_STEP
        self.base = 100_000_000_000 + number * 1_000_000_000
        self.word = organization.username.removesuffix("_admin")

    def put(self, book: Book, entity_type: str, *, account: int | None, user: int | None, **fields: Any) -> Entity:
        """Store one entity; `fields` are the platform's (Any: of every type)."""
        book.put(entity_type, fields, account_id=account, user_id=user)
        return fields

    def next_id(self) -> int:
        """An id for the small entities."""
        self.other_id += 1
        return self.other_id

    def administrator(self) -> None:
        """The vendor's own user, its plan, its risk categories, and the live billing account."""
        organization = self.organization
        self._user(organization.username, f"admin@{self.word}.example", "Active")
        for book in (self.demo, self.live):
            self.put(book, "organization", account=None, user=None, id=organization.id, name=organization.name)
        self.plan_id = self.next_id()
        self.put(
            self.live,
            "tradovateSubscriptionPlan",
            account=None,
            user=None,
            id=self.plan_id,
            name=f"{self.word.upper()}_MONTHLY",
            title=f"{organization.name} monthly",
            price=0.0,
            category="Evaluation",
            trial=False,
            duration=1,
            durationUnits="Month",
            organizationId=organization.id,
            multipleAccounts=True,
        )
        self._risk_categories()
        self.data_account_id = self.account_id
        self._account(self.live, f"{self.word.upper()}_DATA", organization.admin_user_id, size=0.0)
        self._cash(self.live, self.data_account_id, organization.admin_user_id, amount=2_500.0)
        self.account_id += 1

    def _risk_categories(self) -> None:
        period = self.next_id()
        self.put(
            self.demo,
            "riskTimePeriod",
            account=None,
            user=None,
            id=period,
            name="Day session",
            startTime={"hour": 17, "minute": 0},
            stopTime={"hour": 15, "minute": 55},
            organizationId=self.organization.id,
        )
        self.period_id = period
        self.category_ids = []
        for contracts in (5, 10, 15):
            category = self.next_id()
            self.category_ids.append(category)
            self.put(self.demo, "riskCategory", account=None, user=None, id=category, name=f"{contracts} contracts")
            limit = self.put(
                self.demo,
                "categoryPositionLimit",
                account=None,
                user=None,
                id=self.next_id(),
                active=True,
                riskTimePeriodId=period,
                totalBy="Overall",
                exposedLimit=contracts,
                riskCategoryId=category,
            )
            self.put(
                self.demo,
                "categoryRiskParameter",
                account=None,
                user=None,
                id=self.next_id(),
                maxOpeningOrderQty=contracts,
                hardLimit=True,
                categoryPositionLimitId=limit["id"],
            )

    def trader(self, index: int, *, accounts: int) -> None:
        """A user on both hosts with subscriptions (LIVE) and accounts (DEMO)."""
        first, last = self.rng.choice(_FIRST), self.rng.choice(_LAST)
        user_id = self.user_id
        name = f"{self.word.upper()}_{100_000 + index}"
        email = f"{first}.{last}.{index}@traders.example".lower()
        self._user(name, email, self.rng.choice(_STATUSES))
        self._contact(user_id, first, last)
        self._subscriptions(user_id)
        for number in range(accounts):
            self._demo_account(user_id, index, number, f"{first} {last}", email)

    def _user(self, name: str, email: str, status: str) -> None:
        user_id = self.user_id
        self.user_id += 1
        created = timestamp(self.now - dt.timedelta(days=self.rng.randint(5, 500), seconds=self.rng.random()))
        for book in (self.demo, self.live):
            self.put(
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
                organizationId=self.organization.id,
                hibernated=False,
            )
            self.put(
                book,
                "userProperty",
                account=None,
                user=user_id,
                id=user_id * 10 + 1,
                userId=user_id,
                propertyId=1,
                value="en",
            )
            self.put(
                book,
                "userSessionStats",
                account=None,
                user=user_id,
                id=user_id,
                lastSessionTime=created,
                failedPasswords=0,
            )

    def _contact(self, user_id: int, first: str, last: str) -> None:
        self.put(
            self.live,
            "contactInfo",
            account=None,
            user=user_id,
            id=self.next_id(),
            userId=user_id,
            firstName=first,
            lastName=last,
            streetAddress1=f"{self.rng.randint(1, 999)} Example Street",
            city="Chicago",
            state="Illinois",
            postCode=f"60{self.rng.randint(100, 699)}",
            country="US",
            phone=f"+1312555{self.rng.randint(1000, 9999)}",
            mailingIsDifferent=False,
        )

    def _subscriptions(self, user_id: int) -> None:
        start, month_end = self.today.replace(day=1), self._month_end()
        at = timestamp(dt.datetime.combine(start, dt.time(0, 30), tzinfo=dt.UTC))
        owner: dict[str, Any] = {"account": self.data_account_id, "user": user_id, "userId": user_id}
        paid: dict[str, Any] = {"timestamp": at, "planPrice": 0.0, "accountId": self.data_account_id}
        self.put(
            self.live,
            "tradovateSubscription",
            **owner,
            **paid,
            id=self.next_id(),
            tradovateSubscriptionPlanId=self.plan_id,
            startDate=trade_date(start),
            expirationDate=trade_date(month_end),
            paidAmount=0.0,
            cancelledRenewal=self.rng.random() < 0.1,
        )
        self.put(
            self.live,
            "userPlugin",
            **owner,
            **paid,
            id=self.next_id(),
            pluginName="TProp",
            approval=True,
            entitlementId=SIM_PLUS_ENTITLEMENT,
            startDate=trade_date(start),
            expirationDate=trade_date(month_end),
            paidAmount=0.0,
            autorenewal=True,
        )
        self.put(
            self.live,
            "marketDataSubscription",
            **owner,
            **{**paid, "planPrice": 4.0},
            id=self.next_id(),
            marketDataSubscriptionPlanId=41,
            year=self.today.year,
            month=self.today.month,
            expired=False,
            renewalAccountId=self.data_account_id,
        )

    def _month_end(self) -> dt.date:
        return (self.today.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)

    def _demo_account(self, user_id: int, index: int, number: int, holder: str, email: str) -> None:
        size = self.rng.choice(_SIZES)
        account_id = self.account_id
        self.account_id += 1
        owner: dict[str, Any] = {"account": account_id, "user": user_id}
        self._account(
            self.demo, f"{self.word.upper()}{index:06d}{number:02d}", user_id, size=size, account_id=account_id
        )
        self.put(
            self.demo,
            "tradingPermission",
            **owner,
            id=self.next_id(),
            userId=user_id,
            accountId=account_id,
            accountHolderContact=self.organization.name,
            accountHolderEmail=f"admin@{self.word}.example",
            ctaContact=holder,
            ctaEmail=email,
            status="Revoked" if self.rng.random() < 0.08 else "Accepted",
            updated=self.built_at,
            approvedById=self.organization.admin_user_id,
        )
        status = self._risk(account_id, user_id, size=size)
        balance = round(size + self.rng.uniform(-0.03, 0.05) * size, 2)
        status["maxNetLiq"] = max(size, balance)
        self._cash(self.demo, account_id, user_id, amount=balance)

    def _account(self, book: Book, name: str, user_id: int, *, size: float, account_id: int | None = None) -> None:
        account_id = self.account_id if account_id is None else account_id
        created = timestamp(self.now - dt.timedelta(days=self.rng.randint(1, 300)))
        self.put(
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
            riskCategoryId=self.rng.choice(self.category_ids),
            autoLiqProfileId=19,
            marginAccountType="Speculator",
            legalStatus="Individual",
            archived=False,
            timestamp=created,
            evaluationSize=size,
            active=True,
        )

    def _risk(self, account_id: int, user_id: int, *, size: float) -> Entity:
        """Returns the account's risk status."""
        owner: dict[str, Any] = {"account": account_id, "user": user_id}
        drawdown = round(size * 0.05)
        self.put(
            self.demo,
            "userAccountAutoLiq",
            **owner,
            id=account_id,
            changesLocked=True,
            dailyLossAutoLiq=round(size * 0.022),
            trailingMaxDrawdown=drawdown,
            trailingMaxDrawdownLimit=round(size + 100),
            trailingMaxDrawdownMode=self.rng.choice(("RealTime", "EOD")),
            doNotUnlock=True,
        )
        self.put(
            self.demo,
            "permissionedAccountAutoLiq",
            **owner,
            id=account_id,
            dailyLossAutoLiq=round(size * 0.03),
            changesLocked=False,
        )
        locked = self.rng.random() < 0.06
        status = self.put(
            self.demo,
            "accountRiskStatus",
            **owner,
            id=account_id,
            adminAction="LockTradingImmediately" if locked else "Normal",
            adminTimestamp=self.built_at,
            userTriggeredLiqOnly=False,
            maxNetLiq=size,
            minNetLiq=size - drawdown,
        )
        self.put(
            self.demo,
            "marginSnapshot",
            **owner,
            id=account_id,
            timestamp=self.built_at,
            riskTimePeriodId=self.period_id,
            initialMargin=0.0,
            maintenanceMargin=0.0,
            autoLiqLevel=0.0,
            liqOnlyLevel=0.0,
            totalUsedMargin=0.0,
            fullInitialMargin=0.0,
            positionMargin=0.0,
            totalUsedFullMargin=0.0,
        )
        self._limits(account_id, user_id)
        return status

    def _limits(self, account_id: int, user_id: int) -> None:
        limit = self.put(
            self.demo,
            "userAccountPositionLimit",
            account=account_id,
            user=user_id,
            id=self.next_id(),
            active=True,
            riskTimePeriodId=self.period_id,
            totalBy="Overall",
            exposedLimit=self.rng.choice((3, 5, 10)),
            description="Evaluation limit",
            accountId=account_id,
        )
        self.put(
            self.demo,
            "userAccountRiskParameter",
            account=account_id,
            user=user_id,
            id=self.next_id(),
            maxOpeningOrderQty=limit["exposedLimit"],
            hardLimit=True,
            userAccountPositionLimitId=limit["id"],
        )

    def _cash(self, book: Book, account_id: int, user_id: int, *, amount: float) -> None:
        balance: dict[str, Any] = {
            "accountId": account_id,
            "timestamp": self.built_at,
            "tradeDate": trade_date(self.today),
            "currencyId": 1,
            "amount": amount,
            "realizedPnL": 0.0,
            "weekRealizedPnL": 0.0,
        }
        self.base += 2
        owner: dict[str, Any] = {"account": account_id, "user": user_id}
        self.put(book, "cashBalance", **owner, id=self.base, **balance, archived=False, amountSOD=amount)
        self.put(
            book,
            "cashBalanceLog",
            **owner,
            id=self.base + 1,
            **balance,
            cashChangeType="NewSession",
            delta=0.0,
        )

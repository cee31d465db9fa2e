"""The slower life of a vendor: users sign agreements, change state, renew; limits and permissions are edited."""

import random
from collections.abc import Callable, Iterator
from typing import Any

from vendor_admin.sandbox.world.accounting import Moment
from vendor_admin.sandbox.world.state import Change, Record, World
from vendor_admin.tradovate.enums import Environment

SIGNAL_IDS = 900_000


class AdministrationScript:
    """Makes changes of users, subscriptions, permissions and limits of one organization on both hosts."""

    def __init__(self, world: World, organization_id: int, *, rng: random.Random, moment: Moment) -> None:
        self._world = world
        self._organization_id = organization_id
        self._rng = rng
        self._moment = moment
        self._next_signal = SIGNAL_IDS + organization_id * 10_000_000
        self._choices: tuple[Callable[[], Change | None], ...] = (
            self._user_seen,
            self._subscription_renewal,
            self._plugin_renewal,
            self._market_data,
            self._agreement_signed,
            self._limit_edited,
            self._permission_touched,
            self._position_limit_edited,
            self._category_switched,
        )

    def changes(self) -> Iterator[Change]:
        """Every change from now on, without end."""
        while True:
            change = self._rng.choice(self._choices)()
            if change is None:
                change = self._user_seen()
            if change is None:
                return
            yield change

    def _pick(self, environment: Environment, entity_type: str) -> Record | None:
        records = self._world.book(environment, self._organization_id).tables.get(entity_type)
        if not records:
            return None
        return records[self._rng.choice(list(records))]

    def _update(self, environment: Environment, entity_type: str, **fields: Any) -> Change | None:
        record = self._pick(environment, entity_type)
        return self._updated(environment, entity_type, record, **fields) if record else None

    def _updated(self, environment: Environment, entity_type: str, record: Record, **fields: Any) -> Change:
        return self._world.apply(
            environment,
            self._organization_id,
            entity_type,
            "Updated",
            {**record.entity, **fields},
            account_id=record.account_id,
            user_id=record.user_id,
        )

    def _user_seen(self) -> Change | None:
        environment = self._rng.choice((Environment.LIVE, Environment.DEMO))
        return self._update(environment, "user", status=self._rng.choice(("Active", "Active", "TemporaryLocked")))

    def _subscription_renewal(self) -> Change | None:
        cancelled = self._rng.random() < 0.3
        return self._update(Environment.LIVE, "tradovateSubscription", cancelledRenewal=cancelled)

    def _plugin_renewal(self) -> Change | None:
        return self._update(Environment.LIVE, "userPlugin", autorenewal=self._rng.random() < 0.8)

    def _market_data(self) -> Change | None:
        return self._update(Environment.LIVE, "marketDataSubscription", expired=self._rng.random() < 0.2)

    def _permission_touched(self) -> Change | None:
        status = self._rng.choice(("Accepted", "Accepted", "Revoked"))
        return self._update(Environment.DEMO, "tradingPermission", status=status, updated=self._moment.text)

    def _limit_edited(self) -> Change | None:
        loss = float(self._rng.choice((500, 1_000, 1_100, 2_200)))
        return self._update(Environment.DEMO, "userAccountAutoLiq", dailyLossAutoLiq=loss)

    def _position_limit_edited(self) -> Change | None:
        return self._update(Environment.DEMO, "userAccountPositionLimit", exposedLimit=self._rng.choice((3, 5, 10)))

    def _category_switched(self) -> Change | None:
        account, category = self._pick(Environment.DEMO, "account"), self._pick(Environment.DEMO, "riskCategory")
        if account is None or category is None:
            return None
        return self._updated(Environment.DEMO, "account", account, riskCategoryId=category.entity["id"])

    def _agreement_signed(self) -> Change | None:
        """The notice that a trader signed the market data agreement; it passes the entity type filter."""
        user = self._pick(Environment.LIVE, "user")
        if user is None:
            return None
        self._next_signal += 1
        self._world.agreements.add(user.entity["id"])
        signal = {
            "id": self._next_signal,
            "timestamp": self._moment.text,
            "adminAlertId": 1,
            "relatedToUserId": user.entity["id"],
            "text": "Market data agreement signed",
            "emailSent": False,
            "subjectId": user.entity["id"],
        }
        return self._world.apply(
            Environment.LIVE,
            self._organization_id,
            "adminAlertSignal",
            "Created",
            signal,
            user_id=user.entity["id"],
        )

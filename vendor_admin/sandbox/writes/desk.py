"""The desk of one write: what it may look at, and every change it makes, which can be taken back until it is done."""

import dataclasses
import datetime as dt
import random

from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.state import Organization, Record, World
from vendor_admin.sandbox.world.times import session_date
from vendor_admin.sandbox.writes.hidden import Hidden
from vendor_admin.sandbox.writes.refusals import MissingError
from vendor_admin.sandbox.writes.settings import WriteSettings
from vendor_admin.tradovate.enums import Environment


@dataclasses.dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What outlives one write."""

    world: World
    exchange: Exchange
    hidden: Hidden
    settings: WriteSettings
    rng: random.Random
    has_magic_values: bool = False


class Desk(Edits):
    """One write of one organization on one host. `now` is epoch seconds, `hour_seconds` the length of its hour."""

    def __init__(
        self,
        around: Surroundings,
        organization: Organization,
        environment: Environment,
        *,
        now: float,
        hour_seconds: float,
    ) -> None:
        self.exchange = around.exchange
        self.hidden = around.hidden
        self.settings = around.settings
        self.rng = around.rng
        self.has_magic_values = around.has_magic_values
        self.now = now
        self.hour_seconds = hour_seconds
        self.rule_moment = dt.datetime.fromtimestamp(now + self.settings.clock_offset_seconds, dt.UTC)
        super().__init__(
            around.world,
            organization,
            environment,
            moment=dt.datetime.fromtimestamp(now, dt.UTC),
            session=session_date(self.rule_moment),
        )

    @property
    def admin_user_id(self) -> int:
        """Whoever asks: the organization's administrator."""
        return self.organization.admin_user_id

    @property
    def is_administrator(self) -> bool:
        """False for the key of an ordinary user."""
        return self.organization.is_vendor

    def own(self, entity_type: str, entity_id: int, *, environment: Environment | None = None) -> Record:
        """One of the organization's own entities; raises MissingError."""
        record = self.book(environment).get(entity_type, entity_id)
        if record is None:
            raise MissingError
        return record

    def new_id(self, family: str = "other") -> int:
        """An id for something new."""
        return self.hidden.next_id(family, self.organization)

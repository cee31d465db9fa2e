"""What the parts of a seed share: the books they write into, the ids they take and the chances they draw."""

import datetime as dt
import random
from typing import Any

from vendor_admin.sandbox.world.state import Book, Entity, Organization, World
from vendor_admin.sandbox.world.times import session_date, timestamp
from vendor_admin.tradovate.enums import Environment

# Ranges of ids are apart for each organization, so that a seed gives the same ids however many others there are.
USER_IDS = 2_000_000
ACCOUNT_IDS = 18_000_000
ORGANIZATION_STEP = 1_000_000


class Seed:
    """One organization that is being made. All ids and chances are drawn here, in one order: a seed is always the same.

    `plan_id`, `data_account_id`, `period_id` and `category_ids` are the vendor's own, which its members refer to.
    """

    plan_id: int
    data_account_id: int
    period_id: int
    category_ids: list[int]

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
        self.cash_id = 100_000_000_000 + number * 1_000_000_000
        self.word = organization.username.removesuffix("_admin")

    def put(self, book: Book, entity_type: str, *, account: int | None, user: int | None, **fields: Any) -> Entity:
        """Store one entity; `fields` are the platform's (Any: of every type)."""
        book.put(entity_type, fields, account_id=account, user_id=user)
        return fields

    def next_id(self) -> int:
        """An id for the small entities."""
        self.other_id += 1
        return self.other_id

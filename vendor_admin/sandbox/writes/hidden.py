"""What the platform knows about writes and shows in no entity: legal names, templates, the next ids."""

import dataclasses
from collections.abc import Collection

from vendor_admin.sandbox.oauth.members import Members
from vendor_admin.sandbox.world.state import Book, Organization

FIRST_ORGANIZATION = 20
# (first id, step between organizations): far from the ids of the built world and of the stream.
_RANGES = {
    "user": (1_000_000_000, 1_000_000),
    "account": (1_200_000_000, 1_000_000),
    "other": (1_400_000_000, 10_000_000),
    "cash": (100_900_000_000, 1_000_000_000),
    "signal": (905_000_000, 10_000_000),
}
TEMPLATES = 18_400_000
TEMPLATE_STEP = 1_000_000
_TEMPLATE_SIZES = (50_000.0, 100_000.0, 150_000.0)


@dataclasses.dataclass(frozen=True)
class Person:
    """The name a user signed up with."""

    first_name: str
    last_name: str


@dataclasses.dataclass(frozen=True)
class Template:
    """What support prepared for new accounts; it carries no daily loss and no drawdown."""

    id: int
    name: str
    risk_category_id: int
    auto_liq_profile_id: int
    risk_time_period_id: int | None


class Hidden:
    """Everything of this kind. Keys are user ids, or account ids where the name says so."""

    def __init__(self, members: Members) -> None:
        self.members = members
        self.people: dict[int, Person] = {}
        self.balance_changed_at_by_account: dict[int, float] = {}
        self.trials_used: dict[tuple[int, int], bool] = {}
        self._last: dict[tuple[str, int], int] = {}

    def next_id(self, family: str, organization: Organization) -> int:
        """An id that nothing else has; `family` is user, account, cash, signal or other."""
        first, step = _RANGES[family]
        key = (family, organization.id)
        self._last[key] = self._last.get(key, first + (organization.id - FIRST_ORGANIZATION) * step) + 1
        return self._last[key]

    def forget(self, *, user_ids: Collection[int], account_ids: Collection[int]) -> None:
        """Know nothing more of these users and accounts than of seeded ones. Their ids stay used."""
        for user_id in user_ids:
            self.people.pop(user_id, None)
            self.members.passwords.pop(user_id, None)
        for account_id in account_ids:
            self.balance_changed_at_by_account.pop(account_id, None)
        self.trials_used = {key: used for key, used in self.trials_used.items() if key[0] not in user_ids}


def templates_of(book: Book, organization: Organization) -> dict[int, Template]:
    """The account templates of an organization by id, one for each risk category; `book` is its DEMO book."""
    period = next((record.entity["id"] for record in book.all("riskTimePeriod")), None)
    first = TEMPLATES + (organization.id - FIRST_ORGANIZATION) * TEMPLATE_STEP
    found = {}
    for number, (category, size) in enumerate(zip(book.all("riskCategory"), _TEMPLATE_SIZES, strict=False), start=1):
        name = f"TEMPLATE{size / 1_000:.0f}"
        found[first + number] = Template(first + number, name, category.entity["id"], 19, period)
    return found

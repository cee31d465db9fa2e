"""How the reading of what the platform lists by masters alone goes round: what is next, how fast, and how far it is.

Pure: no database, no clock.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from vendor_admin.organizations.platform_access import budgets
from vendor_admin.tradovate.operations import MOST_IDS_IN_A_CALL

ORDER = ("userAccountPositionLimit", "userAccountRiskParameter", "cashBalanceLog", "contactInfo")
"""What plans depend on goes first, and masters before what belongs to them."""
CHOSEN = ("categoryPositionLimit", "categoryRiskParameter", "accountRiskStatusLog", "contractMargin", "productSession")
"""What is read of a few masters alone, each hour and after a gap, and has no rounds."""
WORDS = {
    "userAccountPositionLimit": ("position limits", "account"),
    "userAccountRiskParameter": ("risk parameters", "position limit"),
    "cashBalanceLog": ("cash balance logs", "account"),
    "contactInfo": ("contact details", "user"),
    "categoryPositionLimit": ("position limits", "risk category"),
    "categoryRiskParameter": ("risk parameters", "category position limit"),
    "accountRiskStatusLog": ("risk status history", "account"),
    "contractMargin": ("margins", "contract"),
    "productSession": ("trading sessions", "product"),
}
"""What people call each type, and its masters."""
MOST_NAMED = 5
SMALL_CALLS = 500
"""What costs no more calls is read at once: every hour, and after a gap."""
ROUND_SECONDS = 22 * 3600.0
"""A round over all masters, where nothing is missing: well within a day."""
MOST_MOVED = 2_000
"""Masters of one type that are read out of their turn in an hour; what else moved is read in its turn."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row of `sync_readingplace`."""

    entity_type: str
    round: int
    next_master: int
    asked: int
    masters: int
    last_ended_at: datetime | None
    goal_round: int | None
    goal_master: int | None
    goal_asked: int | None
    moved_at: datetime
    unreadable: Mapping[str, str] | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something that was missed, or never read, is still to be read."""
        return self.round == 0 or not is_lapped(self.round, self.next_master, self.goal_round, self.goal_master)

    @property
    def masters_left(self) -> int:
        """How many are to be asked until it is not behind, or else until the round ends."""
        if self.goal_round is None or not self.is_behind:
            return max(self.masters - self.asked, 0)
        return max(self.masters * (1 + self.goal_round - self.round) - self.asked + (self.goal_asked or 0), 0)


def is_lapped(round_: int, next_master: int, goal_round: int | None, goal_master: int | None) -> bool:
    """Whether all masters were asked since the reading was at a goal; without one there is nothing to ask for."""
    return goal_round is None or (round_ - 1, next_master) >= (goal_round, goal_master or 0)


def calls_for(masters: Iterable[int]) -> int:
    """How many calls ask so many masters of each type."""
    return sum(-(-count // MOST_IDS_IN_A_CALL) for count in masters)


def next_place(places: Iterable[Place], *, without: Collection[str]) -> Place | None:
    """What to read now: the first that is behind, else the one whose last round is over for longest."""
    possible = sorted(
        (one for one in places if one.entity_type not in without), key=lambda one: ORDER.index(one.entity_type)
    )
    behind = [one for one in possible if one.is_behind]
    if behind:
        return behind[0]
    return min(possible, key=lambda one: one.last_ended_at or one.moved_at, default=None)


def pause_seconds(*, calls: int, round_calls: int) -> float:
    """How long to wait after so many calls of a round that nothing waits for."""
    return budgets.scaled(ROUND_SECONDS).total_seconds() * calls / max(round_calls, 1)


def seconds_left(places: Iterable[Place]) -> float:
    """About how long it takes until all that is behind has been read, by the hour's calls."""
    seconds = 0.0
    for place in places:
        if place.is_behind:
            share = budgets.BACKGROUND_CALLS if place.round else budgets.READING_CALLS
            seconds += calls_for([place.masters_left]) * budgets.one_window().total_seconds() / share.limit
    return seconds


def unreadable_in_words(places: Iterable[Place]) -> list[str]:
    """A sentence for each type of which masters could not be read, with the first few of them and a reason."""
    sentences = []
    for place in places:
        if not place.unreadable:
            continue
        ids = sorted(map(int, place.unreadable))
        more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
        named = ", ".join(str(one) for one in ids[:MOST_NAMED])
        what, whose = WORDS[place.entity_type]
        sentences.append(f"The {what} of {whose} {named}{more} could not be read: {place.unreadable[str(ids[0])]}.")
    return sentences

"""A member's life: invited, confirmed, agreement signed, entitled, active, cancelled, archived. Pure: no Django here.

The platform keeps no such state. It follows from what is mirrored and from notices (lifecycle_facts.py gathers it),
so each step says why it is taken as reached, and a time only where one is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from accounts.member_statuses import status_in_words
from vendor_admin.mirrors.rules.trading_locks import may_not_trade

UNCONFIRMED = ("UnconfirmedEmail", "Initiated")


STOPPED: Mapping[str, str] = {"Closed": "closed", "TemporaryLocked": "locked"}
"""Statuses of a user whom the platform keeps from everything, in words."""


class Step(StrEnum):
    """The steps in their order."""

    INVITED = "invited"
    CONFIRMED = "confirmed"
    SIGNED = "agreement signed"
    ENTITLED = "entitled"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    ARCHIVED = "archived"


KNOWN_FROM: Mapping[Step, str] = {
    Step.INVITED: "the user on LIVE",
    Step.CONFIRMED: "the user's status on LIVE; when, from the event log",
    Step.SIGNED: "the platform's notice; or Sim+, which needs the signature",
    Step.ENTITLED: "the entitlements on LIVE",
    Step.ACTIVE: "the trading permissions on DEMO",
    Step.CANCELLED: "the permissions on DEMO and the subscriptions on LIVE",
    Step.ARCHIVED: "the accounts on DEMO, and whether LIVE still lists the user",
}
"""Where each step is read from, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a member. Times are aware, None where they are not known.

    `has_signed` by a notice (then with `signed_at`) or since Sim+ is or was held; `is_entitled` while it is held.
    Of the accounts, `in_force` may be traded now, `ended` once could, and `archived` of these are gone for good.
    """

    status: str | None
    invited_at: datetime | None = None
    confirmed_at: datetime | None = None
    has_signed: bool = False
    signed_at: datetime | None = None
    is_entitled: bool = False
    was_entitled: bool = False
    entitled_at: datetime | None = None
    accounts_in_force: int = 0
    accounts_ended: int = 0
    accounts_archived: int = 0
    active_at: datetime | None = None
    ended_at: datetime | None = None
    has_subscriptions: bool = False
    had_subscriptions: bool = False
    is_hibernated: bool = False
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step: whether it was reached, when (if that is known), and why that is so, or what is missing."""

    step: Step
    is_reached: bool
    why: str
    at: datetime | None = None

    @property
    def known_from(self) -> str:
        return KNOWN_FROM[self.step]


@dataclass(frozen=True, slots=True)
class Life:
    """Where a member stands. `next_step` is what comes next, and who has to do it; `awaits` the step it leads to.

    `stopped` is set while the platform keeps the member from trading, whatever was reached: closed or locked.
    """

    now: Step
    milestones: Sequence[Milestone]
    next_step: str
    awaits: Step | None
    stopped: str = ""

    @property
    def standing(self) -> str:
        """In a word or two."""
        return self.stopped or str(self.now)

    @property
    def may_trade(self) -> bool:
        """Whether there is an account that the member may trade, and nothing that keeps them from it."""
        return self.now is Step.ACTIVE and not self.stopped


def life_of(facts: Facts) -> Life:
    """Where a member stands, by what is known."""
    milestones = (
        Milestone(Step.INVITED, True, "The platform has the user.", facts.invited_at),
        _confirmed(facts),
        _signed(facts),
        _entitled(facts),
        _active(facts),
        _cancelled(facts),
        _archived(facts),
    )
    reached = {one.step for one in milestones if one.is_reached}
    now = _now(reached)
    stopped = _stopped(now, facts)
    awaits = None if stopped else _awaits(now, reached)
    return Life(now, milestones, _next_when_stopped(now, stopped) or _next_step(now, awaits), awaits, stopped)


def _confirmed(facts: Facts) -> Milestone:
    if facts.status is None:
        return Milestone(Step.CONFIRMED, False, "The platform has not said in which state the user is.")
    if facts.status in UNCONFIRMED:
        return Milestone(Step.CONFIRMED, False, "The e-mail address is not confirmed.")
    if facts.status in STOPPED and facts.confirmed_at is None:
        is_known = facts.has_signed  # only who has confirmed can sign in and sign
        why = "they signed, which needs it" if is_known else "whether the e-mail address was confirmed is not known"
        return Milestone(Step.CONFIRMED, is_known, f"The user is {status_in_words(facts.status)}; {why}.")
    return Milestone(Step.CONFIRMED, True, f"The user is {status_in_words(facts.status)}.", facts.confirmed_at)


def _signed(facts: Facts) -> Milestone:
    if not facts.has_signed:
        return Milestone(Step.SIGNED, False, "No notice of a signed market data agreement was received.")
    if facts.signed_at is not None:
        return Milestone(Step.SIGNED, True, "The platform told of the signature.", facts.signed_at)
    return Milestone(Step.SIGNED, True, "Market data agreement signed (inferred: the member has or had Sim+).")


def _entitled(facts: Facts) -> Milestone:
    if facts.is_entitled:
        return Milestone(Step.ENTITLED, True, "Sim+ is held.", facts.entitled_at)
    return Milestone(
        Step.ENTITLED, False, "Sim+ was held and has ended." if facts.was_entitled else "Sim+ is not held."
    )


def _active(facts: Facts) -> Milestone:
    count = facts.accounts_in_force
    if not count:
        return Milestone(Step.ACTIVE, False, "No account may be traded.")
    if why := may_not_trade(facts.status):
        held = f"{_counted(count)} with a permission in force, but nobody may trade"
        return Milestone(Step.ACTIVE, False, f"{held}: {why[0].lower()}{why[1:]}.")
    return Milestone(Step.ACTIVE, True, f"{_counted(count)} may be traded.", facts.active_at)


def _cancelled(facts: Facts) -> Milestone:
    had_something = bool(facts.accounts_ended or facts.had_subscriptions)
    if facts.accounts_in_force or facts.has_subscriptions:
        what = "accounts" if facts.accounts_in_force else "subscriptions"
        return Milestone(Step.CANCELLED, False, f"Active {what} remain.")
    if facts.status == "Closed":
        return Milestone(Step.CANCELLED, True, "The platform closed the user.", facts.ended_at)
    if not had_something:
        return Milestone(Step.CANCELLED, False, "There was nothing yet that could be cancelled.")
    return Milestone(Step.CANCELLED, True, "Every account and subscription has ended.", facts.ended_at)


def _archived(facts: Facts) -> Milestone:
    if facts.is_deleted:
        return Milestone(Step.ARCHIVED, True, "The platform no longer lists the user.")
    if facts.is_hibernated:
        return Milestone(Step.ARCHIVED, True, "The platform put the user to rest (hibernated).")
    if facts.accounts_in_force:
        return Milestone(Step.ARCHIVED, False, "Active accounts remain.")
    if facts.accounts_ended and facts.accounts_archived == facts.accounts_ended:
        count = _counted(facts.accounts_archived)
        return Milestone(Step.ARCHIVED, not facts.has_subscriptions, f"{count} ended, and the platform archived all.")
    if facts.accounts_ended:
        left = facts.accounts_ended - facts.accounts_archived
        return Milestone(Step.ARCHIVED, False, f"{_counted(left)} ended and can still be given back.")
    return Milestone(Step.ARCHIVED, False, "There is no account that could be archived.")


def _now(reached: set[Step]) -> Step:
    """The last step that holds. Whoever may trade is active, also where the platform has told of no step before."""
    if Step.ARCHIVED in reached:
        return Step.ARCHIVED
    if Step.CANCELLED in reached:
        return Step.CANCELLED
    return next(step for step in reversed(Step) if step in reached)


def _stopped(now: Step, facts: Facts) -> str:
    """Whether the platform keeps the member from everything. Of what is over a lock says nothing any more."""
    is_over = now is Step.ARCHIVED or (now is Step.CANCELLED and facts.status != "Closed")
    return "" if is_over else STOPPED.get(facts.status or "", "")


def _next_when_stopped(now: Step, stopped: str) -> str:
    if not stopped:
        return ""
    if stopped == "locked":
        return "Wait, or ask the platform: it locked the user for a time, who may not trade meanwhile."
    if now is Step.CANCELLED:
        return "Nothing: the platform closed the user, and nothing of the member goes on."
    return "Cancel the member, so that nothing goes on: the platform closed the user, who may not trade."


def _awaits(now: Step, reached: set[Step]) -> Step | None:
    """The first step that is missing; None where the member may trade, or everything is over."""
    if now in (Step.CANCELLED, Step.ARCHIVED):
        return None
    steps = (Step.CONFIRMED, Step.SIGNED, Step.ENTITLED, Step.ACTIVE)
    return next((step for step in steps if step not in reached), None)


def _next_step(now: Step, awaits: Step | None) -> str:
    if now is Step.ARCHIVED:
        return "Nothing: what was archived does not come back. To begin anew, create an account."
    if now is Step.CANCELLED:
        return "Nothing, or give it again: accounts that are not archived yet by a permission, the rest as new ones."
    match awaits:
        case Step.CONFIRMED:
            return "The member confirms the e-mail address, by the link in the platform's message."
        case Step.SIGNED:
            return "The member signs in at the platform and signs the market data agreement."
        case Step.ENTITLED:
            return "Add the Sim+ entitlement."
        case Step.ACTIVE:
            return "Create an account for the member, or grant one."
    return "Nothing: the member may trade."


def _counted(count: int) -> str:
    return f"{count} account" if count == 1 else f"{count} accounts"

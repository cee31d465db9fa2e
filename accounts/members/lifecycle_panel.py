"""Where a member stands, for their page: the steps of their life, what comes next, and how to end what they have."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.billing.renewal_warnings import warning_for_ending
from accounts.in_force import DEMO, permission_is_in_force
from accounts.members.lifecycle import Life, Step, life_of
from accounts.members.lifecycle_facts import confirmed_at, facts_of
from accounts.offboarding.cancellation import Ending, Proposal, propose_ending
from vendor_admin.mirrors.models import TradingPermission

NEXT_ACTIONS = {
    Step.ENTITLED: ("add-entitlements",),
    Step.ACTIVE: ("create-accounts-for-members", "grant-members"),
}
"""The actions that lead to a step, where staff take it and not the member."""
AFTER_THE_END = ("create-accounts-for-members", "grant-members")
PERMISSIONS_NAMED = 10


@dataclass(frozen=True, slots=True)
class LifecyclePanel:
    """`next_actions` name what staff may do next; `in_force` are the permissions that revoking would take away."""

    life: Life
    proposal: Proposal
    next_actions: Sequence[str]
    in_force: Sequence[TradingPermission]
    month_end: str

    @property
    def tone(self) -> str:
        """good, warn, bad or calm, for the word that says where the member stands."""
        if self.life.may_trade:
            return "good"
        if self.life.stopped:
            return "bad"
        return "calm" if self.life.now in (Step.CANCELLED, Step.ARCHIVED) else "warn"

    @property
    def named(self) -> Sequence[TradingPermission]:
        """As many of the permissions as the page names."""
        return self.in_force[:PERMISSIONS_NAMED]

    @property
    def title(self) -> str:
        """Which way to end what the member has is right."""
        if self.proposes_to_revoke:
            return "For one failed account, revoke it."
        return "To end it, cancel the member." if self.proposes_to_cancel else "Neither."

    @property
    def has_something_to_cancel(self) -> bool:
        return self.proposes_to_cancel or self.proposes_to_revoke

    @property
    def more_in_force(self) -> int:
        """How many permissions there are in all, where the page does not name each."""
        return len(self.in_force) if len(self.in_force) > PERMISSIONS_NAMED else 0

    @property
    def proposes_to_revoke(self) -> bool:
        return self.proposal.ending is Ending.REVOKE

    @property
    def proposes_to_cancel(self) -> bool:
        return self.proposal.ending is Ending.CANCEL


def standing_of(
    user_id: int, permissions: Collection[TradingPermission], *, organization_id: int, now: datetime
) -> LifecyclePanel | None:
    """Where one member stands; `permissions` are theirs. None for whom the mirror does not know. Eight queries."""
    facts = facts_of([user_id], organization_id=organization_id, now=now).get(user_id)
    if facts is None:
        return None
    life = life_of(replace(facts, confirmed_at=confirmed_at(user_id, organization_id=organization_id)))
    in_force = [
        one
        for one in permissions
        if one.environment == DEMO and one.deleted_at is None and permission_is_in_force(one) and one.account_id
    ]
    return LifecyclePanel(
        life=life,
        proposal=_proposal(
            {one.account_id for one in in_force if one.account_id},
            has_subscriptions=facts.has_subscriptions,
            is_closed=facts.status == "Closed",
        ),
        next_actions=NEXT_ACTIONS.get(life.awaits, ()) if life.awaits else _after(life),
        in_force=in_force,
        month_end=warning_for_ending(now),
    )


def _proposal(in_force: Collection[int], *, has_subscriptions: bool, is_closed: bool) -> Proposal:
    """What is right when one account of the member failed: which one makes no difference. Of a closed user everything
    is to end.
    """
    if is_closed and (in_force or has_subscriptions):
        return Proposal(Ending.CANCEL, "The platform closed the user, who may trade none of their accounts.")
    return propose_ending(in_force=in_force, to_end=sorted(in_force)[:1], has_subscriptions=has_subscriptions)


def _after(life: Life) -> Sequence[str]:
    return AFTER_THE_END if life.now in (Step.CANCELLED, Step.ARCHIVED) and not life.stopped else ()

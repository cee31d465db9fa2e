"""Who stands behind a plan, and whether they still may do what it does: one rule for verbs, pages and workers."""

from collections.abc import Collection, Iterable

from vendor_admin.errors import NotAllowed
from vendor_admin.operations.kinds import KindGone, kind_of
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans.charges import rights_for
from vendor_admin.organizations.actors import Actor, label_of, rights_of
from vendor_admin.organizations.roles import Right

Needed = list[tuple[str, Collection[Right]]]


def require(actor: Actor, *rights: Right, organization_id: int) -> None:
    """Raise NotAllowed where an actor does not hold all of these rights now."""
    held = rights_of([actor.key], organization_id=organization_id)[actor.key]
    missing = [right.value for right in rights if right not in held]
    if missing:
        text = f"{actor} may not {' and '.join(missing)}. An owner of the organization can change that."
        raise NotAllowed(text, rights=missing)


def rights_of_plan(plan: Plan) -> tuple[Right, ...]:
    """What its makers must be allowed to do. Nothing is known of a kind that is no longer part of the installation."""
    try:
        return rights_for(kind_of(plan.kind), cost=plan.cost)
    except KindGone:
        return ()


def rights_to_stop(plan: Plan) -> tuple[Right, ...]:
    """What it takes to pause, cancel or discard a plan: stopping costs nothing."""
    return rights_of_plan(plan)[:1]


def makers_of(plan: Plan) -> list[str]:
    """Who made and confirmed a plan, or the one who took it over from them."""
    names = [plan.taken_over_by] if plan.taken_over_by else [plan.actor, plan.confirmed_by]
    return [name for name in dict.fromkeys(names) if name]


def lost_by(plans: Iterable[Plan]) -> dict[int, str]:
    """Of these plans of one organization, by key, those whose authors lost a right they need: who and which, in words.

    Two queries, however many plans.
    """
    needed = {plan: _needed(plan) for plan in plans}
    names = {name for people in needed.values() for name, _ in people}
    if not names:
        return {}
    (organization_id,) = {plan.organization_id for plan in needed}
    held = rights_of(names, organization_id=organization_id)
    lost = {}
    for plan, people in needed.items():
        missing = {name: [one.value for one in rights if one not in held[name]] for name, rights in people}
        words = [f"{label_of(name)} may no longer {' or '.join(rights)}" for name, rights in missing.items() if rights]
        if words:
            lost[plan.pk] = ", and ".join(words) + "."
    return lost


def holds(key: str, right: Right, organization_id: int) -> bool:
    """Whether the actor with this key has a right now."""
    return not have_lost([key], [right], organization_id)


def have_lost(names: Collection[str], rights: Collection[Right], organization_id: int) -> bool:
    """Whether any of these people lacks any of these rights now."""
    held = rights_of(names, organization_id=organization_id)
    return any(not set(rights) <= one for one in held.values())


def _needed(plan: Plan) -> Needed:
    needed: Needed = [(name, rights_of_plan(plan)) for name in makers_of(plan)]
    return [*needed, (plan.approved_by, (Right.APPROVE_PLANS,))] if plan.approved_by else needed

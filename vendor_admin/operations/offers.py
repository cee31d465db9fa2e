"""What is offered to a person on a list or page, and what waits for them. Asked by every page, so it needs no page."""

from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.http import HttpRequest

from vendor_admin.listing.lists import capped_count
from vendor_admin.operations.actions import Action, actions_on
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.roles import Right, may

PLANS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Offer:
    """Actions of an entity type: `chosen` change what is chosen, `many` are those of them that take several rows, and
    `new` make something."""

    entity_type: str = ""
    chosen: list[Action] = field(default_factory=list)
    new: list[Action] = field(default_factory=list)

    @property
    def many(self) -> list[Action]:
        return [action for action in self.chosen if action.form.takes_many]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Plans that a person may approve, those that this service paused, and how many operations wait for a decision
    ("0": none, or not theirs).
    """

    plans: list[Plan] = field(default_factory=list)
    paused: list[Plan] = field(default_factory=list)
    undecided: str = "0"


def offer_on(request: HttpRequest, entity_type: str) -> Offer:
    """What the person may start from the lists and pages of an entity type."""
    if _organization(request) is None or not entity_type:
        return Offer()
    allowed = [action for action in actions_on(entity_type) if _may(request, action.kind.right)]
    chosen = [action for action in allowed if action.takes_selection]
    return Offer(entity_type, chosen, [action for action in allowed if not action.takes_selection])


def waiting_for(request: HttpRequest) -> Waiting:
    """What waits for the person in the organization they work for."""
    organization = _organization(request)
    if organization is None or not _may(request, Right.VIEW_OPERATIONS):
        return Waiting()
    plans = to_approve(request, Plan.objects.filter(organization=organization)).order_by("id")[:PLANS_NAMED]
    stopped = Plan.objects.filter(organization=organization, state=Plan.State.PAUSED).exclude(wait_why="")
    paused = list(stopped.order_by("id")[:PLANS_NAMED])
    if not _may(request, Right.DECIDE_UNKNOWN):
        return Waiting(list(plans), paused)
    undecided = Operation.objects.filter(organization=organization, needs_person=True)
    return Waiting(list(plans), paused, capped_count(undecided))


def to_approve(request: HttpRequest, plans: QuerySet[Plan]) -> QuerySet[Plan]:
    """Those of these plans that the person may approve: they neither made nor confirmed them."""
    if not _may(request, Right.APPROVE_PLANS):
        return plans.none()
    return plans.filter(state=Plan.State.WAITING).exclude(Plan.made_by(request.user.get_username()))


def _organization(request: HttpRequest) -> Organization | None:
    return getattr(request, "organization", None)


def _may(request: HttpRequest, right: Right) -> bool:
    role: StaffRole | None = getattr(request, "staff_role", None)
    return isinstance(request.user, User) and may(user=request.user, role=role, right=right)

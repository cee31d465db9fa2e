"""Above which size a change needs a second person, and who that may be.

What one person has started alone within a day counts together: many small plans are one large one. The thresholds are
raised by two people, so that nobody puts themselves above them; anybody who manages them lowers them alone. Whoever
was given the role less than a day ago is not yet a second person: who may add people could invite one otherwise.

A program stands for the people who made its key or secret: it is no second person for them, nor they for it. One whose
key is less than a day old counts together with them.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Q, Sum

from vendor_admin.errors import Conflict, Refused
from vendor_admin.operations.models import ApprovalRule, Plan
from vendor_admin.operations.plans.tally import Tally
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor, is_system, label_of, people_behind
from vendor_admin.organizations.models import Organization, StaffRole
from vendor_admin.organizations.programs import Origin

ONE_DAY = timedelta(days=1)
NOT_STARTED = (Plan.State.DRAFTING, Plan.State.PREVIEW, Plan.State.WAITING, Plan.State.STALE)
SECOND_PERSON = "second_person"
NOTHING_PROPOSED = "Nobody has proposed higher thresholds, or somebody decided about them already."


def approval_rule(organization: Organization) -> ApprovalRule:
    """The organization's thresholds, or the defaults."""
    return ApprovalRule.objects.filter(organization=organization).first() or ApprovalRule(organization=organization)


def why_of_size(rows_counted: int, tally: Tally, *, rule: ApprovalRule) -> str:
    """Why a plan of such rows, of which so many count, needs a second person by its own size; empty if it does not."""
    if rows_counted > rule.accounts_over:
        return f"It changes {rows_counted:,} rows; more than {rule.accounts_over:,} need a second person."
    if tally.unknown:
        of = f"{tally.unknown:,} of {tally.planned:,}"
        return f"How much it moves is not known of {of} rows: that needs a second person."
    if tally.cost is None:
        return "What it costs is not known: that needs a second person."
    amount = tally.amount + tally.cost
    if amount > rule.balance_change_over:
        return f"It moves {amount:,.2f} in all; more than {rule.balance_change_over:,.2f} need a second person."
    return ""


def why_of_day(plan: Plan, *, people: Collection[str], now: datetime) -> str:
    """Why a plan needs a second person after what these people started alone in the last 24 hours; empty if not.

    Workers and commands of the installation are nobody's way around it. One query, and one for each kind of programs.
    """
    who = " and ".join(sorted(label_of(name) for name in people if name and not is_system(name)))
    names = _with_new_programs(people, organization_id=plan.organization_id, now=now)
    alone = Q(approved_by="", confirmed_at__gt=now - ONE_DAY) & (Q(actor__in=names) | Q(confirmed_by__in=names))
    started = Plan.objects.filter(alone, organization_id=plan.organization_id).exclude(state__in=NOT_STARTED)
    started = started.exclude(state=Plan.State.CANCELLED, started_at=None).exclude(pk=plan.pk)
    earlier = started.aggregate(rows=Sum("rows_counted", default=0), amount=Sum("amount", default=Decimal(0)))
    rule = approval_rule(plan.organization)
    rows, amount = plan.rows_counted + earlier["rows"], (plan.amount or Decimal(0)) + earlier["amount"]
    if earlier["rows"] and plan.rows_counted and rows > rule.accounts_over:
        return (
            f"With what {who} changed within a day it is {rows:,} rows; more than {rule.accounts_over:,} need a "
            "second person."
        )
    if earlier["amount"] and plan.amount and amount > rule.balance_change_over:
        return (
            f"With what {who} moved within a day it is {amount:,.2f} in all; more than "
            f"{rule.balance_change_over:,.2f} need a second person."
        )
    return ""


def why_no_second_person(name: str, *, organization_id: int, now: datetime) -> str:
    """Why somebody with the right does not count as a second person yet; empty if they do."""
    since = (
        StaffRole.objects.filter(user__username=name, organization_id=organization_id)
        .values_list("role_since", flat=True)
        .first()
    )
    if since is None or now - since >= ONE_DAY:
        return ""
    return f"{label_of(name)} has this role for less than a day. A second person counts from a day after it was given."


def why_not_by(names: Iterable[str], actor: Actor, *, organization_id: int, now: datetime) -> str:
    """Why `actor` is no second person for what these did; empty if they are.

    Whoever made the credential of a program is one person with it. Somebody who was given a role within the last day
    stands for nobody but who gave it: neither do they approve, nor does staff approve what they did. An operator, who
    has no role, may.
    """
    behind = people_behind(organization_id=organization_id)
    names = list(names)
    people = _people_of(names, behind)
    if same := people & _people_of([actor.key], behind):
        who = " and ".join(sorted(map(label_of, same)))
        return f"{who} made the key of a program that has a part in it. Somebody else has to approve it."
    for one in sorted(_people_of([actor.key], behind)):
        if why := why_no_second_person(one, organization_id=organization_id, now=now):
            return why
    if not StaffRole.objects.filter(user__username=actor.key, organization_id=organization_id).exists():
        return ""
    new = (one for one in sorted(people) if why_no_second_person(one, organization_id=organization_id, now=now))
    for one in new:
        return (
            f"{label_of(one)} has this role for less than a day. Until then an operator of this installation has to "
            "approve it."
        )
    return ""


def set_thresholds(
    *,
    organization: Organization,
    accounts_over: int,
    balance_change_over: Decimal,
    actor: Actor,
    now: datetime,
    reason: str = "",
    request_id: str = "",
) -> ApprovalRule:
    """Store lower thresholds, or propose higher ones, which hold once a second person agrees.

    They hold for plans previewed from then on. A proposal takes the place of an earlier one. Must run inside the
    organization's scope.
    """
    rule = _locked(organization)
    wanted = ApprovalRule(accounts_over=accounts_over, balance_change_over=balance_change_over)
    if accounts_over <= rule.accounts_over and balance_change_over <= rule.balance_change_over:
        return _store(rule, wanted, actor=actor, reason=reason, request_id=request_id)
    rule.proposed_accounts_over, rule.proposed_balance_change_over = accounts_over, balance_change_over
    rule.proposed_by, rule.proposed_at, rule.proposed_why = actor.key, now, reason
    rule.save()
    _record(rule, wanted, actor=actor, action="higher thresholds proposed", reason=reason, request_id=request_id)
    return rule


def approve_thresholds(
    *, organization: Organization, actor: Actor, now: datetime, seen: str, request_id: str = ""
) -> ApprovalRule:
    """Agree to the proposed thresholds. Raises Refused for who proposed them, Conflict where nobody did.

    `seen` says which proposal was looked at (`mark_of`): another that took its place is a Conflict as well.
    """
    rule = _locked(organization)
    if rule.proposed_accounts_over is None or rule.proposed_balance_change_over is None:
        raise Conflict(NOTHING_PROPOSED, code="nothing_proposed")
    if actor.key == rule.proposed_by:
        raise Refused(
            "You proposed them. Another owner has to agree, or an operator of this installation.", code=SECOND_PERSON
        )
    if seen != mark_of(rule):
        raise Conflict("The proposal was changed since you looked. Look at it again.", code="changed_meanwhile")
    if why := why_not_by([rule.proposed_by], actor, organization_id=organization.pk, now=now):
        raise Refused(why, code=SECOND_PERSON)
    wanted = ApprovalRule(
        accounts_over=rule.proposed_accounts_over, balance_change_over=rule.proposed_balance_change_over
    )
    reason = f"proposed by {rule.proposed_by}: {rule.proposed_why}"
    return _store(rule, wanted, actor=actor, reason=reason, request_id=request_id)


def mark_of(rule: ApprovalRule) -> str:
    """What tells one proposal from the next."""
    return rule.proposed_at.isoformat() if rule.proposed_at else ""


def withdraw_thresholds(*, organization: Organization, actor: Actor, request_id: str = "") -> ApprovalRule:
    """Drop the proposal. Raises Conflict where there is none."""
    rule = _locked(organization)
    if rule.proposed_accounts_over is None:
        raise Conflict(NOTHING_PROPOSED, code="nothing_proposed")
    _forget_proposal(rule)
    rule.save()
    _record(rule, rule, actor=actor, action="higher thresholds dropped", reason="", request_id=request_id)
    return rule


def _people_of(names: Iterable[str], behind: Mapping[str, Origin]) -> set[str]:
    """These people, those behind these programs in their place. No worker and no command is among them."""
    found = set[str]()
    for name in names:
        found |= behind[name].people if name in behind else {name}
    return {name for name in found if name and not is_system(name)}


def _with_new_programs(people: Iterable[str], *, organization_id: int, now: datetime) -> set[str]:
    """These people and programs, and who is one with them for a day: a new program with whoever made its key."""
    names = {name for name in people if name and not is_system(name)}
    new = {
        key: origin.people
        for key, origin in people_behind(organization_id=organization_id).items()
        if now - origin.since < ONE_DAY
    }
    makers = names.union(*(new[name] for name in names if name in new))
    return makers | {key for key, behind in new.items() if behind & makers}


def _locked(organization: Organization) -> ApprovalRule:
    ApprovalRule.objects.get_or_create(organization=organization)
    return ApprovalRule.objects.select_for_update().get(organization=organization)


def _store(rule: ApprovalRule, wanted: ApprovalRule, *, actor: Actor, reason: str, request_id: str) -> ApprovalRule:
    _record(rule, wanted, actor=actor, action="approval thresholds changed", reason=reason, request_id=request_id)
    rule.accounts_over, rule.balance_change_over = wanted.accounts_over, wanted.balance_change_over
    _forget_proposal(rule)
    rule.save()
    return rule


def _forget_proposal(rule: ApprovalRule) -> None:
    rule.proposed_accounts_over = rule.proposed_balance_change_over = rule.proposed_at = None
    rule.proposed_by = rule.proposed_why = ""


def _record(
    rule: ApprovalRule, wanted: ApprovalRule, *, actor: Actor, action: str, reason: str, request_id: str
) -> None:
    audit.record(
        organization=rule.organization,
        actor=actor,
        action=action,
        subject="plans",
        old=_as_json(rule),
        new=_as_json(wanted),
        reason=reason,
        request_id=request_id,
    )


def _as_json(rule: ApprovalRule) -> dict[str, str]:
    return {
        "accounts over": f"{rule.accounts_over}",
        "balance change over": f"{rule.balance_change_over:.2f}",
    }

"""Creating users (LIVE).

Source: partner.tradovate.com, create-evaluation-users and create-and-manage-users-and-accounts.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from vendor_admin.tradovate.catalogue.answers import CreateEvaluationUsersAnswer
from vendor_admin.tradovate.catalogue.batches import Batch, InOrder
from vendor_admin.tradovate.catalogue.evidence import was_created_by_name
from vendor_admin.tradovate.catalogue.fields import Email, Id, Name, Password, UserName, full_name_fault
from vendor_admin.tradovate.catalogue.look_ups import Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import LIVE_ONLY, Operation
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Reversal, Settling, Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault
from vendor_admin.tradovate.operations.cancelling import CANCEL_EVERYTHING, CancelEverything
from vendor_admin.tradovate.outcomes import Json

GROUP_TRADE_ENTITLEMENT: Final = 22
"""An entitlement with which the whole call fails and no user is made."""


class EvaluationUser(Request, frozen=True, kw_only=True):
    """A user to be made. Sim+ (T-Prop) entitlements do not belong here: the trader has to sign an agreement first."""

    name: UserName
    email: Email
    password: Password
    first_name: Name
    last_name: Name
    tradovate_subscription_plan_id: Id | None = None
    entitlement_ids: tuple[Id, ...] | None = None

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        text = full_name_fault(self.first_name, self.last_name)
        if text:
            yield Fault("firstName", "too_long", text)
        if GROUP_TRADE_ENTITLEMENT in (self.entitlement_ids or ()):
            yield Fault(
                "entitlementIds",
                "unknown_value",
                f"must not hold {GROUP_TRADE_ENTITLEMENT} (GroupTrade): no user would be made",
            )


class CreateEvaluationUsers(Request, frozen=True, kw_only=True):
    users: Annotated[tuple[EvaluationUser, ...], Meta(min_length=1, description="at least one user")]

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        yield from twice_named("users", "name", [user.name for user in self.users])
        yield from twice_named("users", "email", [user.email for user in self.users])


def twice_named(items: str, field: str, names: Sequence[str]) -> Iterator[Fault]:
    """Faults for what must be unique and occurs twice in one call, whatever its case. Small letters and no more: what
    the rule for names lets through (mirrors/queries/folding.py) is not refused here.
    """
    seen = Counter(name.lower() for name in names)
    for position, name in enumerate(names):
        if seen[name.lower()] > 1:
            yield Fault(f"{items}[{position}].{field}", "not_unique", "occurs more than once in this call")


def _look_ups(request: CreateEvaluationUsers, _environment: Environment) -> Sequence[LookUp]:
    return [LookUp(Environment.LIVE, "user", "find", user.name) for user in request.users]


def _happened(request: CreateEvaluationUsers, reading: Reading) -> bool | None:
    (user,) = request.users
    return was_created_by_name("user", user.name, reading)


def _known_user(_request: CreateEvaluationUsers, reading: Reading) -> LookUp | None:
    return reading.known.get("user")


def _doubt(request: CreateEvaluationUsers) -> Doubt:
    (user,) = request.users
    return Doubt(
        f"A user named {user.name} exists, made by this call; with a subscription plan it costs from this month on.",
        f"No user was made. One named {user.name}, if there is one, is older or someone else's.",
    )


def _revert(_request: CreateEvaluationUsers, _old: Entity | None, answer: Json) -> Reversal | None:
    user_id = answer.get("userId") if isinstance(answer, dict) else None
    if not isinstance(user_id, int):
        return None
    return Reversal(
        CANCEL_EVERYTHING.path,
        CancelEverything.of_all_kinds((user_id,)),
        remains="The user stays, without subscriptions; the platform deletes no users. A started month stays billed.",
    )


CREATE_EVALUATION_USERS = Write(
    operation=Operation(
        path="user/createevaluationusers",
        method="POST",
        environments=LIVE_ONLY,
        hourly_limit=100,
        counts_successes=False,
        back_off_seconds=1.0,
        waits_for_maintenance=True,
    ),
    request=CreateEvaluationUsers,
    answer=CreateEvaluationUsersAnswer,
    settling=Settling(_look_ups, _happened, _doubt, _known_user),
    revert=_revert,
    batch=Batch("users", "users", 100, InOrder("results", "userId")),
    cautions=("Sim+ (T-Prop) entitlements must be added later, after the trader has signed the agreement.",),
)

"""What is asked for when members are to be cancelled, and when what ended is to be restored."""

from collections.abc import Iterable, Sequence
from typing import Annotated, ClassVar, Literal

from accounts.in_force import DEMO, LIVE
from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import Found, Input, RowInput
from vendor_admin.operations.inputs.described import described, reference
from vendor_admin.operations.inputs.nouns import ENTITY_TYPES
from vendor_admin.operations.inputs.references import ID
from vendor_admin.operations.inputs.subjects import MemberToChange
from vendor_admin.operations.kinds import Target

HOST = "environment"


def targets_for(user_ids: Iterable[int | None]) -> list[Target]:
    """The targets that cancel these members: one for each host."""
    return [Target("user", user_id, {HOST: host}) for user_id in user_ids for host in (LIVE, DEMO)]


class MemberToCancel(RowInput, frozen=True, kw_only=True):
    """A member of whom everything ends that the plan's parameters do not leave out. It takes two rows of the plan: each
    of the platform's hosts ends its own part.
    """

    entity_type: ClassVar[str] = "user"

    member: MemberToChange

    def targets(self, found: Found) -> Sequence[Target]:
        return targets_for([self.subject_id(found)])


class WhatEnds(Input, frozen=True, kw_only=True):
    """What cancelling ends: everything that is not set to false."""

    memberships: Annotated[
        bool,
        described("Memberships, on LIVE. A month that has begun stays billed.", platform_name="tradovateSubscriptions"),
    ] = True
    entitlements: Annotated[bool, described("Entitlements, on LIVE.", platform_name="userPlugins")] = True
    market_data: Annotated[
        bool, described("Market data, on LIVE. It does not renew.", platform_name="marketDataSubscriptions")
    ] = True
    trading_permissions: Annotated[bool, described("All trading permissions, on DEMO.")] = True

    def faults(self) -> list[Fault]:
        if any((self.memberships, self.entitlements, self.market_data, self.trading_permissions)):
            return []
        return [Fault("", "required", "ends nothing: at least one of the four must be true.")]


class EndedThing(RowInput, frozen=True, kw_only=True):
    """What a plan of cancellations ended, and is to be given again: as something new with a new id, billed anew."""

    entity_type: ClassVar[str] = ""

    type: Annotated[
        Literal["membership", "entitlement", "market_data_subscription", "trading_permission"],
        described("What it is.", example="membership", platform_name=""),
    ]
    id: Annotated[str | int, reference(ID, "Its platform id.", example="7700021", is_subject=True)]

    def targets(self, found: Found) -> Sequence[Target]:
        return [Target(ENTITY_TYPES[self.type], self.subject_id(found))]

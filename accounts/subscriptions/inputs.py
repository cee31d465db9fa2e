"""What is asked for when memberships, entitlements and market data are to be given or ended."""

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import Input, RowInput
from vendor_admin.operations.inputs.described import described, reference
from vendor_admin.operations.inputs.references import ID
from vendor_admin.operations.inputs.subjects import MemberToChange

BillingAccount = Annotated[
    str | int,
    reference(ID, "Platform id of the LIVE account for billing. Left out: the usual one.", platform_name="accountId"),
]


class MembershipToAdd(RowInput, frozen=True, kw_only=True):
    """A plan that a member gets from today on. It renews until it is cancelled."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    plan: Annotated[
        str | int,
        reference(
            "membership_plan",
            "Membership plan, by name or platform id.",
            example="Monthly",
            platform_name="tradovateSubscriptionPlanId",
        ),
    ]
    billing_account: BillingAccount | UnsetType = UNSET


class MembershipToCancel(RowInput, frozen=True, kw_only=True):
    """A membership that no longer renews."""

    entity_type: ClassVar[str] = "tradovateSubscription"

    membership: Annotated[
        str | int, reference(ID, "Platform id of the membership.", example="7700021", is_subject=True)
    ]
    at_once: (
        Annotated[
            bool,
            described("Whether it ends at once; else the member keeps it to its last day.", platform_name="expire"),
        ]
        | UnsetType
    ) = UNSET
    cancel_reason: (
        Annotated[str, described("The reason for the platform. Left out: that of the plan.", max_length=500)]
        | UnsetType
    ) = UNSET


class EntitlementToAdd(RowInput, frozen=True, kw_only=True):
    """An entitlement that a member gets from today on."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    entitlement: Annotated[
        str | int,
        reference("entitlement", "Entitlement, by name or platform id.", example="Sim+", platform_name="entitlementId"),
    ]
    billing_account: BillingAccount | UnsetType = UNSET


class Agreement(Input, frozen=True, kw_only=True):
    """What whoever asks vouches for."""

    agreement_known: (
        Annotated[
            bool,
            described(
                "For Sim+: you vouch that every member signed the market data agreement. Else members of whose "
                "signature no notice came are skipped."
            ),
        ]
        | UnsetType
    ) = UNSET


class EntitlementChange(RowInput, frozen=True, kw_only=True):
    """An entitlement that a member has: withdrawn, or approved again. Free of charge."""

    entity_type: ClassVar[str] = "userPlugin"

    entitlement: Annotated[
        str | int, reference(ID, "Platform id of the member's entitlement.", example="8800031", is_subject=True)
    ]
    approved: Annotated[
        bool, described("False withdraws it; true approves it again.", example=False, platform_name="approval")
    ]


class MarketDataToAdd(RowInput, frozen=True, kw_only=True):
    """Market data plans that a member gets for a month, and that renew from then on: all of them or none."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    plans: Annotated[
        tuple[str | int, ...],
        reference(
            "market_data_plan",
            "Market data plans, by name or platform id.",
            example=["CME Level 1"],
            platform_name="marketDataSubscriptionPlanIds",
            min_length=1,
            max_length=50,
        ),
    ]
    year: (
        Annotated[int, described("With `month`; left out: the month that may be added now.", ge=2000, le=2100)]
        | UnsetType
    ) = UNSET
    month: Annotated[int, described("1 to 12, with `year`.", ge=1, le=12)] | UnsetType = UNSET
    billing_account: BillingAccount | UnsetType = UNSET

    def faults(self) -> list[Fault]:
        if (self.year is UNSET) == (self.month is UNSET):
            return []
        missing = "year" if self.year is UNSET else "month"
        return [Fault(missing, "required", "is missing: give year and month, or neither.")]


class MarketDataToExpire(RowInput, frozen=True, kw_only=True):
    """A market data subscription that no longer renews. The month stays billed."""

    entity_type: ClassVar[str] = "marketDataSubscription"

    market_data_subscription: Annotated[
        str | int,
        reference(ID, "Platform id of the market data subscription.", example="9900041", is_subject=True),
    ]

"""What is asked for when members are to be made or changed."""

from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from accounts.external_references import NewExternalId
from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import described, reference
from vendor_admin.operations.inputs.subjects import MemberToChange
from vendor_admin.tradovate.catalogue.fields import full_name_fault

EMAIL_PATTERN = r"^[^@\s]+@[^@\s]+\Z"
UserName = Annotated[
    str,
    described(
        "User name, 3 to 64 characters; nobody at the platform has it yet.",
        example="JANE_1001",
        min_length=3,
        max_length=64,
    ),
]
NewPassword = Annotated[
    str,
    described(
        "8 to 64 characters; not a known-leaked password. It is stored encrypted until the platform has taken it.",
        example="7 quiet herons",
        is_secret=True,
        min_length=8,
        max_length=64,
    ),
]
CurrentPassword = Annotated[
    str,
    described(
        "The member's password of now, or that of your organization's administrator at the platform.",
        is_secret=True,
        min_length=1,
        max_length=64,
    ),
]


class NewMember(RowInput, frozen=True, kw_only=True):
    """A member to be made. The platform sends an invitation to the e-mail address. A member cannot be deleted again."""

    entity_type: ClassVar[str] = "user"

    name: UserName
    email: Annotated[
        str,
        described(
            "Where the platform's invitation goes, at most 64 characters.",
            example="jane@example.com",
            max_length=64,
            pattern=EMAIL_PATTERN,
            must_be="an e-mail address of at most 64 characters",
        ),
    ]
    password: NewPassword
    first_name: Annotated[
        str,
        described("Together with the last name at most 60 characters.", example="Jane", min_length=1, max_length=64),
    ]
    last_name: Annotated[str, described("Last name.", example="Doe", min_length=1, max_length=64)]
    plan: (
        Annotated[
            str | int,
            reference(
                "membership_plan",
                "Membership plan that the member gets, by name or platform id.",
                platform_name="tradovateSubscriptionPlanId",
            ),
        ]
        | UnsetType
    ) = UNSET
    entitlements: (
        Annotated[
            tuple[str | int, ...],
            reference(
                "entitlement",
                "Entitlements that the member gets, by name or platform id. Sim+ is given later, once the member has "
                "signed the market data agreement.",
                platform_name="entitlementIds",
                max_length=50,
            ),
        ]
        | UnsetType
    ) = UNSET

    external_id: NewExternalId | UnsetType = UNSET

    def faults(self) -> list[Fault]:
        fault = full_name_fault(self.first_name, self.last_name)
        return [Fault("first_name", "too_long", f"{fault}.")] if fault else []


class ContactChange(RowInput, frozen=True, kw_only=True):
    """What changes of a member's contact info. What is not named stays; null takes away what may be empty."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    first_name: Annotated[str, described("First name.", example="Jane", max_length=64)] | UnsetType = UNSET
    last_name: Annotated[str, described("Last name.", max_length=64)] | UnsetType = UNSET
    street_address1: Annotated[str, described("Street and number.", max_length=64)] | UnsetType = UNSET
    street_address2: Annotated[str, described("Second line of the street.", max_length=64)] | UnsetType | None = UNSET
    city: Annotated[str, described("City.", example="Chicago", max_length=64)] | UnsetType = UNSET
    state: Annotated[str, described("State.", example="IL", max_length=64)] | UnsetType | None = UNSET
    post_code: Annotated[str, described("Post code.", max_length=64)] | UnsetType | None = UNSET
    country: (
        Annotated[
            str,
            described(
                "Country's code of two capital letters.",
                example="US",
                pattern=r"^[A-Z]{2}\Z",
                must_be="two capital letters",
            ),
        ]
        | UnsetType
    ) = UNSET
    phone: (
        Annotated[str, described("10 to 21 characters: digits, spaces and + ( ) . / -", min_length=10, max_length=21)]
        | UnsetType
    ) = UNSET


class EmailChange(RowInput, frozen=True, kw_only=True):
    """A member's new e-mail address, which the member may have to confirm."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    email: Annotated[
        str, described("The new address.", example="jane@example.com", max_length=64, pattern=EMAIL_PATTERN)
    ]


class PasswordChange(RowInput, frozen=True, kw_only=True):
    """A member's new password. It cannot be put back."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    password: NewPassword
    current_password: CurrentPassword


class CredentialsChange(RowInput, frozen=True, kw_only=True):
    """A member's new user name and password: the platform changes both together. Neither can be put back."""

    entity_type: ClassVar[str] = "user"

    member: MemberToChange
    name: UserName
    password: NewPassword
    current_password: CurrentPassword

"""What a field of a request may hold: the platform's types with its limits, each in words a person can read.

Sources: lengths and ranges of the endpoint pages and of the 2024 API file, as gathered in the OpenAPI file.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from msgspec import Meta

LARGEST_INT64: Final = 2**63 - 1
LARGEST_INT32: Final = 2**31 - 1

Id = Annotated[int, Meta(ge=1, le=LARGEST_INT64, description="a whole number above zero")]
Ids = Annotated[tuple[Id, ...], Meta(min_length=1, description="at least one id")]
Count = Annotated[int, Meta(ge=0, le=LARGEST_INT32, description="a whole number, zero or more")]
Days = Annotated[int, Meta(ge=-LARGEST_INT32, le=LARGEST_INT32, description="a whole number of days")]
Year = Annotated[int, Meta(ge=2000, le=2100, description="a year in full, 2000 to 2100")]
Month = Annotated[int, Meta(ge=1, le=12, description="a month, 1 to 12")]
Day = Annotated[int, Meta(ge=1, le=31, description="a day of the month, 1 to 31")]

Amount = Annotated[Decimal, Meta(description="an amount")]
NotNegative = Annotated[Decimal, Meta(description="zero or more", extra={"at_least": 0})]
Percentage = NotNegative
Moment = Annotated[datetime, Meta(tz=True, description="a time with its offset")]

UserName = Annotated[str, Meta(min_length=3, max_length=64, description="3 to 64 characters")]
Password = Annotated[str, Meta(min_length=8, max_length=64, description="8 to 64 characters")]
CurrentPassword = Annotated[str, Meta(min_length=1, max_length=64, description="1 to 64 characters")]
Email = Annotated[
    str,
    Meta(max_length=64, pattern=r"^[^@\s]+@[^@\s]+\Z", description="an e-mail address of at most 64 characters"),
]
ShortText = Annotated[str, Meta(max_length=64, description="at most 64 characters")]
Name = Annotated[str, Meta(min_length=1, max_length=64, description="1 to 64 characters")]
LongText = Annotated[str, Meta(max_length=8192, description="at most 8192 characters")]
Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", description="a country's code of two capital letters")]

DrawdownMode = Literal["EOD", "RealTime"]
ProductType = Literal[
    "CommonStock", "Continuous", "Cryptocurrency", "Futures", "MarketInternals", "Options", "Spread", "Swap"
]
VerificationStatus = Literal["Inactive", "Locked", "ReadyForContracts", "ReadyToTrade", "Verified"]
TotalBy = Literal[
    "Contract", "ContractGroup", "DiscountGroup", "Exchange", "FungibleProduct", "Overall", "Product", "ProductType"
]

LONGEST_FULL_NAME: Final = 60
"""First and last name together, although each alone may have 64 (endpoint page of createEvaluationUsers)."""


def full_name_fault(first: str, last: str) -> str | None:
    """Say what is wrong with two names together, if anything."""
    if len(first) + len(last) <= LONGEST_FULL_NAME:
        return None
    return (
        f"must have at most {LONGEST_FULL_NAME} characters together with the last name; both have "
        f"{len(first) + len(last)}"
    )

"""What is asked for when accounts are to be made from a template, or put back to a session's open."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, UnsetType

from accounts.external_references import NewExternalId
from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import Found, Input, RowInput
from vendor_admin.operations.inputs.described import described, reference
from vendor_admin.operations.inputs.references import ID
from vendor_admin.operations.inputs.subjects import AccountToChange
from vendor_admin.operations.kinds import Json, Target, plain

POST_TRADE = {
    "daily_loss": "dailyLossAutoLiq",
    "weekly_loss": "weeklyLossAutoLiq",
    "daily_profit": "dailyProfitAutoLiq",
    "drawdown": "trailingMaxDrawdown",
    "drawdown_limit": "trailingMaxDrawdownLimit",
    "drawdown_mode": "trailingMaxDrawdownMode",
    "stays_locked": "doNotUnlock",
    "is_fixed": "changesLocked",
}
"""Limits of a new account, and what the platform calls them."""


def _limit(text: str, *, example: str | None = None) -> object:
    return described(text, example=example, platform_name="", at_least=0)


class NewAccount(RowInput, frozen=True, kw_only=True):
    """A simulated account to be made from a template, with the trading permission of its member.

    Templates carry no daily loss and no drawdown: what is not named here, the account does not have.
    """

    entity_type: ClassVar[str] = "account"

    name: Annotated[
        str,
        described(
            "Capital letters, then digits, at most 64; no account has it yet.",
            example="EVAL00001",
            max_length=64,
            pattern=r"^[A-Z]+[0-9]+\Z",
            must_be="capital letters followed by digits, at most 64 characters",
        ),
    ]
    member: Annotated[
        str | int,
        reference(
            "member",
            "Who trades it, by platform id, user name or e-mail address.",
            example="JANE_1001",
            platform_name="userId",
        ),
    ]
    template: Annotated[
        str | int,
        reference(
            ID,
            "Platform id of the template account, as the platform's support told it.",
            example="1000001",
            platform_name="templateAccountId",
        ),
    ]
    balance: Annotated[
        Decimal,
        described("The balance it begins with.", example="50000", platform_name="initialBalance", at_least=0),
    ]
    daily_loss: Annotated[Decimal, _limit("Daily loss to liquidate at.", example="1000")] | UnsetType = UNSET
    weekly_loss: Annotated[Decimal, _limit("Weekly loss to liquidate at.")] | UnsetType = UNSET
    daily_profit: Annotated[Decimal, _limit("Daily profit to liquidate at.")] | UnsetType = UNSET
    drawdown: Annotated[Decimal, _limit("Trailing drawdown.", example="2500")] | UnsetType = UNSET
    drawdown_limit: (
        Annotated[Decimal, _limit("Where the trailing stops. Left out: at the starting balance.")] | UnsetType
    ) = UNSET
    drawdown_mode: (
        Annotated[
            Literal["EOD", "RealTime"],
            described(
                "Whether the drawdown trails at the end of the day or in real time.",
                platform_name="",
                words={"end of day": "EOD", "real time": "RealTime"},
            ),
        ]
        | UnsetType
    ) = UNSET
    stays_locked: Annotated[
        bool, described("Whether it stays locked after a limit acted, until staff unlock it.", platform_name="")
    ] = False
    is_fixed: Annotated[bool, described("Whether the trader cannot change these limits.", platform_name="")] = False
    position_limit: (
        Annotated[
            int,
            described(
                "At most so many contracts, all products together.", example=5, platform_name="", ge=0, le=100_000
            ),
        ]
        | UnsetType
    ) = UNSET

    external_id: NewExternalId | UnsetType = UNSET

    def faults(self) -> list[Fault]:
        if self.drawdown_limit is UNSET or (self.drawdown is not UNSET and self.drawdown):
            return []
        return [Fault("drawdown_limit", "needs_another", "has no meaning without a trailing drawdown.")]

    def targets(self, found: Found) -> Sequence[Target]:
        wanted, secrets = self.named(found)
        risk: dict[str, Json] = {
            theirs: plain(value)
            for name, theirs in POST_TRADE.items()
            if (value := getattr(self, name)) is not UNSET and value is not False
        }
        if risk.get("trailingMaxDrawdown"):
            risk.setdefault("trailingMaxDrawdownMode", "EOD")
        wanted["postTradeRisk"] = risk
        if self.position_limit is not UNSET:
            limit = {"active": True, "totalBy": "Overall", "exposedLimit": self.position_limit, "parameters": []}
            wanted["preTradeRisk"] = [limit]
        return [Target(self.entity_type, None, wanted, secrets)]


class AccountToReset(RowInput, frozen=True, kw_only=True):
    """An account whose balance and positions go back to a session's open. It cannot be undone."""

    entity_type: ClassVar[str] = "account"

    account: AccountToChange


class SessionToResetTo(Input, frozen=True, kw_only=True):
    """The session to whose open accounts go back."""

    session: Annotated[
        date,
        described(
            "The session's trade date: a session begins at 17:00 Central on the evening before.",
            example="2026-11-30",
            platform_name="tradeDate",
        ),
    ]

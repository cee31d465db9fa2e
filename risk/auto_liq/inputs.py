"""What is asked for when loss, profit and drawdown limits are to be set."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from msgspec import UNSET, UnsetType

from vendor_admin.operations.inputs.declaration import RowInput
from vendor_admin.operations.inputs.described import described
from vendor_admin.operations.inputs.subjects import AccountToChange

AFTER = " Null takes it away."


def _money(text: str, name: str, *, example: str | None = None) -> Any:
    return described(f"{text}, in the account's currency.{AFTER}", example=example, platform_name=name, at_least=0)


def _percentage(text: str, name: str) -> Any:
    return described(f"{text}, in per cent.{AFTER}", platform_name=name, at_least=0, decimals=4)


class LimitsOfAccount(RowInput, frozen=True, kw_only=True):
    """Limits of an account. What is not named stays as it is; null takes a limit away.

    An alert only tells; closing only lets nothing but closing orders through; liquidation closes all positions.
    """

    entity_type: ClassVar[str] = "account"

    account: AccountToChange
    daily_loss: (
        Annotated[Decimal, _money("Daily loss to liquidate at", "dailyLossAutoLiq", example="1000")] | UnsetType | None
    ) = UNSET
    daily_loss_alert: Annotated[Decimal, _money("Daily loss to alert at", "dailyLossAlert")] | UnsetType | None = UNSET
    daily_loss_closing_only: (
        Annotated[Decimal, _money("Daily loss from which only closing is allowed", "dailyLossLiqOnly")]
        | UnsetType
        | None
    ) = UNSET
    daily_loss_percentage: (
        Annotated[Decimal, _percentage("Daily loss to liquidate at", "dailyLossPercentageAutoLiq")] | UnsetType | None
    ) = UNSET
    daily_loss_percentage_alert: (
        Annotated[Decimal, _percentage("Daily loss to alert at", "dailyLossPercentageAlert")] | UnsetType | None
    ) = UNSET
    daily_loss_percentage_closing_only: (
        Annotated[Decimal, _percentage("Daily loss from which only closing is allowed", "dailyLossPercentageLiqOnly")]
        | UnsetType
        | None
    ) = UNSET
    weekly_loss: Annotated[Decimal, _money("Weekly loss to liquidate at", "weeklyLossAutoLiq")] | UnsetType | None = (
        UNSET
    )
    daily_profit: (
        Annotated[Decimal, _money("Daily profit to liquidate at", "dailyProfitAutoLiq")] | UnsetType | None
    ) = UNSET
    weekly_profit: (
        Annotated[Decimal, _money("Weekly profit to liquidate at", "weeklyProfitAutoLiq")] | UnsetType | None
    ) = UNSET
    margin_percentage: (
        Annotated[Decimal, _percentage("Margin to liquidate at", "marginPercentageAutoLiq")] | UnsetType | None
    ) = UNSET
    margin_percentage_alert: (
        Annotated[Decimal, _percentage("Margin to alert at", "marginPercentageAlert")] | UnsetType | None
    ) = UNSET
    margin_percentage_closing_only: (
        Annotated[Decimal, _percentage("Margin from which only closing is allowed", "marginPercentageLiqOnly")]
        | UnsetType
        | None
    ) = UNSET
    drawdown: (
        Annotated[Decimal, _money("Trailing drawdown", "trailingMaxDrawdown", example="2500")] | UnsetType | None
    ) = UNSET
    drawdown_limit: (
        Annotated[Decimal, _money("Level at which the drawdown's floor stops to rise", "trailingMaxDrawdownLimit")]
        | UnsetType
        | None
    ) = UNSET
    drawdown_mode: (
        Annotated[
            Literal["EOD", "RealTime"],
            described(
                f"Whether the drawdown trails at the end of the day or in real time.{AFTER}",
                platform_name="trailingMaxDrawdownMode",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    flatten_at: (
        Annotated[
            str,
            described(
                f"Time at which all positions are closed, with its offset.{AFTER}", platform_name="flattenTimestamp"
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    stays_locked: (
        Annotated[
            bool,
            described(
                f"Whether it stays locked after a limit acted, until staff unlock it.{AFTER}",
                platform_name="doNotUnlock",
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    is_fixed: (
        Annotated[
            bool, described(f"Whether the trader cannot change these limits.{AFTER}", platform_name="changesLocked")
        ]
        | UnsetType
        | None
    ) = UNSET

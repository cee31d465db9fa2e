"""What previews of money say about the trailing drawdown, in both of its modes."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.balances.plans import ChangeBalances, SetMaxNetLiq
from tests.support.staff_and_rows import NOW, Writer
from vendor_admin.operations.kinds import PlanKind, PlanRequest, RowDraft, Target
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

ACCOUNT, CASH, PEAK, DRAWDOWN = 10_001, 50_000, 51_000, 2_000
AT_NIGHT = "At the end of the day the peak follows: floor "

Preview = Callable[..., RowDraft]


@pytest.fixture
def preview(alpha: Organization, write: Writer) -> Preview:
    """Previews a change of an account with 50,000 in cash, a peak of 51,000 and a drawdown of 2,000."""
    own: dict[str, Any] = {"currency_id": 1, "account_id": ACCOUNT}
    write.mirror("account", alpha, ACCOUNT, name="EVAL1", active=True)
    write.mirror("cashBalance", alpha, 1, amount=CASH, **own)
    write.mirror("accountRiskStatus", alpha, ACCOUNT, max_net_liq=PEAK)

    def draft(kind: PlanKind, mode: str | None, **wanted: str) -> RowDraft:
        write.mirror(
            "userAccountAutoLiq",
            alpha,
            ACCOUNT,
            trailing_max_drawdown=DRAWDOWN,
            trailing_max_drawdown_limit=60_000,
            trailing_max_drawdown_mode=mode,
        )
        with organization_scope(alpha.pk):
            [made] = kind.drafts(PlanRequest(alpha.pk, [Target("account", ACCOUNT, wanted)], {"currencyId": 1}, NOW))
        return made

    return draft


def amounts(draft: RowDraft, *names: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(draft.new[name]) for name in names)


def test_in_real_time_money_above_the_peak_takes_it_along(preview: Preview) -> None:
    draft = preview(ChangeBalances(), "RealTime", cashChange="1500", by="adjustCash")

    assert amounts(draft, "amount", "maxNetLiq", "floor", "room") == (51_500, 51_500, 49_500, 2_000)
    assert draft.warnings == []


def test_at_the_end_of_day_money_above_the_peak_leaves_it_until_then(preview: Preview) -> None:
    draft = preview(ChangeBalances(), "EOD", cashChange="1500", by="adjustCash")

    assert amounts(draft, "amount", "maxNetLiq", "floor", "room") == (51_500, 51_000, 49_000, 2_500)
    assert draft.warnings == [f"{AT_NIGHT}49,500.00, room 2,000.00."]


@pytest.mark.parametrize("mode", ["EOD", "RealTime"])
def test_a_change_of_the_demo_balance_moves_the_peak_along_in_both_modes(preview: Preview, mode: str) -> None:
    draft = preview(ChangeBalances(), mode, cashChange="1500", by="changeDemoBalance")

    assert amounts(draft, "amount", "maxNetLiq", "floor", "room") == (51_500, 52_500, 50_500, 1_000)
    assert AT_NIGHT not in str(draft.warnings)


def test_in_real_time_a_peak_set_below_the_balance_does_not_lower_the_floor_that_far(preview: Preview) -> None:
    draft = preview(SetMaxNetLiq(), "RealTime", maxNetLiq="49000")

    assert amounts(draft, "maxNetLiq", "floor") == (49_000, 48_000)
    assert draft.warnings == ["The peak will lie below the balance: in real time the platform raises it again at once."]


def test_at_the_end_of_day_a_peak_set_below_the_balance_lowers_the_floor_until_then(preview: Preview) -> None:
    draft = preview(SetMaxNetLiq(), "EOD", maxNetLiq="49000")

    assert amounts(draft, "maxNetLiq", "floor") == (49_000, 47_000)
    assert draft.warnings == [
        f"{AT_NIGHT}48,000.00, room 2,000.00.",
        "The peak will lie below the balance, until the platform raises it at the end of the day.",
    ]


@pytest.mark.parametrize("mode", [None, "Hourly"])
def test_of_a_mode_that_is_not_known_the_preview_shows_what_real_time_would_do(
    preview: Preview, mode: str | None
) -> None:
    draft = preview(SetMaxNetLiq(), mode, maxNetLiq="49000")

    assert amounts(draft, "maxNetLiq", "floor", "room") == (49_000, 48_000, 2_000)
    assert "in real time" in str(draft.warnings)
    assert AT_NIGHT not in str(draft.warnings)


def test_of_a_mode_that_is_not_known_money_above_the_peak_gives_no_more_room_than_in_real_time(
    preview: Preview,
) -> None:
    draft = preview(ChangeBalances(), None, cashChange="1500", by="adjustCash")

    assert amounts(draft, "amount", "maxNetLiq", "floor", "room") == (51_500, 51_500, 49_500, 2_000)

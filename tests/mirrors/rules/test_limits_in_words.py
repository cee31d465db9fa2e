"""Risk settings in words."""

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

from vendor_admin.mirrors.admin.mirror_admin import platform_fields
from vendor_admin.mirrors.models import UserAccountAutoLiq
from vendor_admin.mirrors.rules.limits_in_words import (
    STAFF_WORDS,
    LimitEffect,
    limits_in_words,
    position_limit_in_words,
)


def _limits(**values: object) -> SimpleNamespace:
    return SimpleNamespace(**{field.attname: None for field in platform_fields(UserAccountAutoLiq)} | values)


def test_staff_have_words_for_every_effect():
    assert set(STAFF_WORDS) == set(LimitEffect)


def test_no_limit_and_zero_both_say_nothing():
    assert limits_in_words(_limits()) == []
    assert limits_in_words(_limits(daily_loss_auto_liq=Decimal(0))) == []


def test_a_drawdown_says_how_it_is_followed_and_where_it_stops():
    limits = _limits(
        trailing_max_drawdown=Decimal(2000),
        trailing_max_drawdown_mode="RealTime",
        trailing_max_drawdown_limit=Decimal(50100),
    )

    [(effect, text)] = limits_in_words(limits)

    assert effect is LimitEffect.LIQUIDATE
    assert "2,000.00 below" in text
    assert "in real time" in text
    assert "50,100.00" in text


def test_a_lock_that_stays_is_never_said_to_end_at_an_open():
    losses = {"daily_loss_auto_liq": Decimal(1000), "weekly_loss_auto_liq": Decimal(3000)}

    stays = " ".join(text for _, text in limits_in_words(_limits(**losses, do_not_unlock=True)))
    ends = " ".join(text for _, text in limits_in_words(_limits(**losses)))

    assert "unlocks at" not in stays
    assert stays.count("until an admin unlocks it") == 3
    assert "unlocks at the next market open" in ends
    assert "unlocks at Sunday's open" in ends


def test_every_setting_that_is_on_has_its_sentence():
    values = {
        field.attname: Decimal(10)
        for field in platform_fields(UserAccountAutoLiq)
        if field.get_internal_type() == "NumericField"
    }
    limits = _limits(
        **values, do_not_unlock=True, changes_locked=True, flatten_timestamp=datetime(2026, 1, 1, tzinfo=UTC)
    )

    # The drawdown's limit belongs to the drawdown's sentence.
    assert len(limits_in_words(limits)) == len(values) - 1 + 3


def test_a_position_limit_names_its_numbers_and_what_they_count():
    limit = SimpleNamespace(long_limit=5, short_limit=3, exposed_limit=None, total_by="Product")

    assert position_limit_in_words(limit) == "at most 5 long and 3 short, for each product"

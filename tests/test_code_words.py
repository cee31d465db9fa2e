import pytest

from vendor_admin.code_words import choices_in_words, in_words


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ManualAdjustment", "Manual adjustment"),
        ("IPFee", "IP fee"),
        ("PROMO", "PROMO"),
        ("LiquidationFee2", "Liquidation fee2"),
        ("Courtesy", "Courtesy"),
        ("", ""),
    ],
)
def test_a_code_word_is_said_in_words(code, words):
    assert in_words(code) == words


def test_choices_keep_the_code_and_show_the_words():
    assert choices_in_words(["CommonStock"]) == [("CommonStock", "Common stock")]

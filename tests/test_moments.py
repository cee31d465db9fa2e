"""How old something is, in words."""

from datetime import timedelta

from vendor_admin.moments import age_in_words


def test_an_age_is_told_in_its_largest_unit():
    ages = [timedelta(seconds=-3), timedelta(seconds=59), timedelta(minutes=59), timedelta(hours=30), timedelta(days=3)]

    assert [age_in_words(age) for age in ages] == ["0 s", "59 s", "59 min", "30 h", "3 days"]

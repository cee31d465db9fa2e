"""What changed, as the audit's list says it."""

from vendor_admin.operations.models import Plan
from vendor_admin.organizations.pages.audit_words import change_in_words, name_states


def test_fields_and_values_are_said_in_words():
    old = {"redirect_uris": ["https://a.example", "https://b.example"], "is_enabled": True}
    said = change_in_words(old, {"redirect_uris": [], "is_enabled": False})
    assert said == "enabled: yes → no, redirect URIs: https://a.example, https://b.example → –"


def test_states_have_the_words_of_the_app_that_declares_them():
    name_states(dict(Plan.State.choices))
    assert change_in_words({"state": "held"}, {"state": "running"}) == "state: waiting for the platform → running"
    assert change_in_words({"role": "held"}, {"role": "risk"}) == "role: held → risk"


def test_a_long_value_is_cut_and_only_a_few_fields_are_shown():
    said = change_in_words({}, dict.fromkeys("abcdef", "x" * 90))
    assert said.count("→") == 4
    assert "x" * 39 + "…" in said

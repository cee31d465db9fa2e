"""Lists and pages of limits, locks and risk parameters lead to the account that they are about."""

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.pages

BY_ACCOUNT = ("userAccountAutoLiq", "accountRiskStatus", "permissionedAccountAutoLiq", "marginSnapshot")


@pytest.fixture
def limits(alpha, write) -> None:
    write.mirror("account", alpha, 7, name="EVAL7")
    for entity_type in BY_ACCOUNT:
        write.mirror(entity_type, alpha, 7)
    write.mirror("userAccountPositionLimit", alpha, 30, account_id=7)
    write.mirror("userAccountRiskParameter", alpha, 40, user_account_position_limit_id=30)


@pytest.mark.parametrize(
    ("entity_type", "entity_id"),
    [
        *((entity_type, 7) for entity_type in BY_ACCOUNT),
        ("userAccountPositionLimit", 30),
        ("userAccountRiskParameter", 40),
    ],
)
def test_a_limit_leads_to_its_account(alice: Client, limits: None, entity_type: str, entity_id: int) -> None:
    name = f"admin:mirrors_{entity_type.lower()}"
    link = f'<a href="{reverse("account", args=[7])}">EVAL7</a>'

    assert link in alice.get(reverse(f"{name}_changelist")).content.decode()
    assert link in alice.get(reverse(f"{name}_change", args=[entity_id])).content.decode()


def test_a_risk_parameter_leads_to_its_position_limit(alice: Client, limits: None) -> None:
    page = alice.get(reverse("admin:mirrors_useraccountriskparameter_changelist")).content.decode()

    assert f'<a href="{reverse("admin:mirrors_useraccountpositionlimit_change", args=[30])}">30</a>' in page


def test_a_limit_of_an_account_that_is_not_known_still_names_it(alice: Client, alpha, write) -> None:
    write.mirror("userAccountAutoLiq", alpha, 8)

    page = alice.get(reverse("admin:mirrors_useraccountautoliq_change", args=[8])).content.decode()

    assert f'<a href="{reverse("account", args=[8])}">8</a>' in page

"""The pages of plans about money whose rows have to be read from the platform first."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.plan_desk import change_plan, page, plan_of, preview, start_url, verb
from tests.support.signed_in import signed_in
from vendor_admin.operations import actions
from vendor_admin.operations.actions import Action, ActionForm
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plan_work.held_plans import check
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

FIRST = "read from the platform itself"


class AHundredMore(ActionForm):
    def targets(self) -> list[Target]:
        return [Target("account", id_, {"cashChange": "100"}) for id_ in self.selection.ids]

    def parameters(self) -> dict[str, str]:
        return {"by": "changeDemoBalance"}


@pytest.fixture
def fiona(alpha: Organization) -> Client:
    return signed_in(staff_user("fiona", alpha, "finance"))


@pytest.fixture
def blind(alpha, trading_day: Callable[[int], None], write, monkeypatch: pytest.MonkeyPatch) -> Action:
    """An account with a balance at an environment without a connection, and an action that adds to it."""
    trading_day(1)
    write.mirror("cashBalance", alpha, 901, account_id=10_001, amount=50_000, currency_id=1)
    action = Action("a-hundred-more", "change_balances", ("account",), AHundredMore)
    monkeypatch.setitem(actions.ACTIONS, action.name, action)
    return action


def previewed(client: Client, action: Action) -> int:
    return preview(client, [10_001], action=action.name, entity_type="account")


def test_a_plan_whose_rows_cannot_be_read_promises_no_time_and_says_so_above_its_button(fiona, blind, write, alpha):
    plan_id = previewed(fiona, blind)
    confirming = text_of(fiona.get(reverse("admin:plan_confirm", args=[plan_id])))

    for text in (page(fiona, plan_id), confirming):
        assert "Estimated finish" not in text
        assert "none can go out" not in text
        assert "The finish can be estimated once the rows were read from the platform." in text
    note, button = confirming.index(FIRST), confirming.index("Read the rows, then update 1")
    assert 0 < button - note < 600
    write.socket(alpha)
    assert "Estimated finish, if it starts now:" in page(fiona, plan_id)


def test_a_held_plan_says_first_that_nothing_was_sent_then_why_and_when_it_is_read_again(fiona, blind, alpha):
    plan_id = previewed(fiona, blind)
    answer = verb(fiona, plan_id, "confirm", count="1", password="pass-fiona")
    assert answer.redirect_chain[-1][0].endswith("?newest=1")
    assert plan_of(alpha, plan_id).state == Plan.State.HELD
    check(organization_id=alpha.pk, plan_id=plan_id)

    text = page(fiona, plan_id)
    places = [
        text.index(words)
        for words in ("Nothing has been sent.", "There is no DEMO connection.", "Read again at ", "Check now")
    ]
    assert places[:3] == sorted(places[:3])
    assert "ried again" not in text

    waits = plan_of(alpha, plan_id).check_at
    assert waits is not None
    assert waits > timezone.now()
    assert "the rows are read from the platform first" in text_of(verb(fiona, plan_id, "check"))
    sooner = plan_of(alpha, plan_id).check_at
    assert sooner is not None
    assert sooner < waits
    change_plan(alpha, plan_id, check_claimed_until=timezone.now() + timedelta(minutes=1))
    assert "Its rows are being read from the platform right now." in page(fiona, plan_id)
    assert "Cancelled. Nothing was sent." in text_of(verb(fiona, plan_id, "cancel"))


def test_who_has_just_made_a_preview_is_led_on_to_the_one_that_renews_it(fiona, blind, alpha):
    answer = fiona.post(start_url(blind.name, "account", [10_001]), {"reason": "a test"})
    assert answer["Location"].endswith("?newest=1")
    plan_id = int(answer["Location"].split("/")[-3])
    with organization_scope(alpha.pk):
        renewed = Plan.objects.get(pk=plan_id)
        renewed.pk, renewed.renewed_from_id, renewed.check_at = None, plan_id, None
        renewed.save(force_insert=True)
    change_plan(alpha, plan_id, state="stale", check_at=None, finished_at=timezone.now())

    led_on = fiona.get(answer["Location"], follow=True)
    assert led_on.context["plan"] == renewed
    assert "The rows were read from the platform, which says something else" in text_of(led_on)
    assert "To the new preview" in page(fiona, plan_id)
    change_plan(alpha, plan_id, confirmed_by="fiona", confirmed_at=timezone.now())
    assert "Nothing was sent: the platform changed" in text_of(fiona.get(answer["Location"], follow=True))


@pytest.mark.parametrize("state", ["stale", "cancelled", "paused"])
def test_a_confirmed_plan_that_was_not_sent_says_who_confirmed_it_and_when(fiona, blind, alpha, state: str):
    plan_id = previewed(fiona, blind)
    assert "had confirmed it" not in page(fiona, plan_id)
    change_plan(alpha, plan_id, state=state, confirmed_by="mia", confirmed_at=timezone.now(), approved_by="rita")

    text = page(fiona, plan_id)
    assert "mia had confirmed it " in text
    assert ", and rita had approved it. Nothing of it was sent." in text
    change_plan(alpha, plan_id, started_at=timezone.now())
    assert "had confirmed it" not in page(fiona, plan_id)

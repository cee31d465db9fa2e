"""Which contract comes first is what the platform suggests; it is asked twice a day, within the budget of readings."""

import pytest
from django.utils import timezone

from tests.support.scene import Scene
from vendor_admin.mirrors.models import ContractMaturity, Product
from vendor_admin.operations.models import FrontMonth, front_months
from vendor_admin.operations.plan_work.platform_reader import PlatformReader
from vendor_admin.operations.read_jobs.front_months import ASKED_AGAIN_AFTER, MOST_PRODUCTS, ask, first_of
from vendor_admin.tradovate.outcomes import Outcome, Success, Unknown


def test_the_first_contract_of_the_product_itself_is_its_front_month() -> None:
    suggested = [{"name": "MESZ6"}, "no contract", {"id": 5}, {"name": "ESH7"}, {"name": "ESZ6"}]

    assert first_of("ES", suggested) == "ESH7"
    assert first_of("NQ", suggested) == ""
    assert first_of("ES", []) == ""


@pytest.mark.demo_alone
def test_the_platform_is_asked_about_what_is_traded_and_again_after_half_a_day(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    organization_id, now = scene.organization.pk, timezone.now()
    with scene.scope():
        live = set(
            ContractMaturity.objects.filter(environment="demo", expiration_date__gt=now).values_list(
                "product_id", flat=True
            )
        )
        names = dict(Product.objects.filter(environment="demo", entity_id__in=live).values_list("entity_id", "name"))
    count = min(len(names), MOST_PRODUCTS)

    assert ask(organization_id, now=now) == count > 0
    with scene.scope():
        fronts = front_months(organization_id)
    assert fronts
    assert all(name.startswith(names[product_id] or "?") for product_id, name in fronts.items())
    assert ask(organization_id, now=now) == len(names) - count

    answers: list[Outcome] = [Success([{"name": f"{names[min(names)]}X9"}]), Unknown("nothing")]
    monkeypatch.setattr(PlatformReader, "call", lambda self, operation, *, params: answers.pop(0))
    with scene.scope():
        FrontMonth.objects.update(asked_at=now - ASKED_AGAIN_AFTER)
    assert ask(organization_id, now=now) == 1
    with scene.scope():
        changed = front_months(organization_id)
        kept = FrontMonth.objects.count()
    assert changed[min(names)] == f"{names[min(names)]}X9"
    assert {id_: name for id_, name in changed.items() if id_ != min(names)} == {
        id_: name for id_, name in fronts.items() if id_ != min(names)
    }
    assert kept == len(names)

"""What staff do on the pages of plans, as tests call it."""

import re
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from tests.support.staff_and_rows import page_text
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

REVOKE = "revoke-permissions"


def start_url(action: str, entity_type: str = "", ids: Any = (), **more: str) -> str:
    """The address of an action's form for these rows."""
    query = [("type", entity_type)] if entity_type else []
    query += [("id", str(one)) for one in ids]
    return reverse("plan_start", args=[action]) + "?" + urlencode([*query, *more.items()])


def preview(
    client: Client, ids: Any, *, action: str = REVOKE, entity_type: str = "tradingPermission", **data: Any
) -> int:
    """Post the form of an action and return the number of the plan; fails with the page's text where none was made."""
    response = client.post(start_url(action, entity_type, ids), {"reason": "a test", **data})
    assert response.status_code == 302, response.content.decode()
    found = re.search(r"/plan/(\d+)/", response["Location"])
    assert found, response["Location"]
    return int(found[1])


def verb(client: Client, plan_id: int, name: str, **data: Any) -> Any:
    """Post one of a plan's verbs and follow to the page it leads to."""
    return client.post(reverse(f"admin:plan_{name}", args=[plan_id]), data, follow=True)


def page(client: Client, plan_id: int, query: str = "") -> str:
    """The words and tags of the plan's page, with single spaces."""
    return page_text(client.get(reverse("admin:operations_plan_change", args=[plan_id]) + query))


def plan_of(organization: Organization, plan_id: int) -> Plan:
    with organization_scope(organization.pk):
        return Plan.objects.get(pk=plan_id)


def rows_of(organization: Organization, plan_id: int) -> list[PlanRow]:
    with organization_scope(organization.pk):
        return list(PlanRow.objects.filter(plan_id=plan_id).order_by("position"))


def change_plan(organization: Organization, plan_id: int, **fields: Any) -> None:
    """Put a plan into a state that only workers or time bring about."""
    with organization_scope(organization.pk):
        Plan.objects.filter(pk=plan_id).update(**fields)


def change_rows(organization: Organization, plan_id: int, *positions: int, **fields: Any) -> None:
    with organization_scope(organization.pk):
        PlanRow.objects.filter(plan_id=plan_id, position__in=positions).update(**fields)


def operations_of(organization: Organization, plan_id: int) -> list[Operation]:
    with organization_scope(organization.pk):
        return list(Operation.objects.filter(plan_id=plan_id).order_by("id"))

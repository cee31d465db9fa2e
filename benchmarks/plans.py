"""Plans of a benchmark: an organization connected to a sandbox, and what its staff and workers do with plans."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from psycopg.types.json import Jsonb

from benchmarks.server import BenchServer
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import ApprovalRule, Plan
from vendor_admin.operations.plan_work import held_plans
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.running import RunningSandbox

DEMO = "demo"
BENCH = Actor.system("bench")
NO_SECOND_PERSON = {"accounts_over": 1_000_000, "balance_change_over": 1_000_000_000}
COPY_ENTITIES = """
INSERT INTO mirrors_{table} (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, name)
SELECT %s, 'demo', (one ->> 'id')::bigint, 1, 1, 1, now(), one ->> 'name' FROM jsonb_array_elements(%s) AS one
"""

Entities = dict[str, list[dict[str, Any]]]


def connected(sandbox: RunningSandbox, *, slug: str) -> Organization:
    """The sandbox's first vendor, connected to DEMO, whose plans need no second person."""
    connection, _ = connect_organization(
        slug=slug,
        is_simulated=True,
        environment=DEMO,
        actor=BENCH,
        rest_url=sandbox.rest_url(DEMO),
        websocket_url=sandbox.websocket_url(DEMO),
        credentials=sandbox.organizations()[0]["credentials"],
    )
    organization = connection.organization
    with organization_scope(organization.pk):
        ApprovalRule.objects.update_or_create(organization=organization, defaults=NO_SECOND_PERSON)
    return organization


def held_by_platform(sandbox: RunningSandbox) -> Entities:
    """What the sandbox holds of its first vendor on DEMO, by entity type."""
    vendor = sandbox.organizations()[0]["name"]
    entities: Entities = sandbox.view("expected", organization=vendor, environment=DEMO)["entities"]
    return entities


def grants(server: BenchServer, organization: Organization, entities: Entities, *, count: int) -> list[Target]:
    """Permissions that nobody has: accounts with the members behind their holders. Both get mirrors."""
    accounts, users = entities["account"], [one for one in entities["user"] if one.get("status") == "Active"]
    with server.connect() as database:
        for table, rows in (("account", accounts), ("platformuser", users)):
            database.execute(COPY_ENTITIES.format(table=table), [organization.pk, Jsonb(rows)])
    held = {(one["accountId"], one["userId"]) for one in entities["tradingPermission"]}
    found: list[Target] = []
    for distance in range(1, len(users)):
        for place, account in enumerate(accounts):
            user_id = users[(place + distance) % len(users)]["id"]
            if (account["id"], user_id) not in held:
                found.append(Target("account", account["id"], {"userId": user_id}))
        if len(found) >= count:
            break
    return found


def previewed(organization: Organization, kind_name: str, targets: Sequence[Target], **values: Any) -> Plan:
    """A plan whose rows have been looked at, by a worker where they are many."""
    with organization_scope(organization.pk):
        plan = plans.preview(
            organization=organization,
            kind_name=kind_name,
            targets=targets,
            actor=BENCH,
            reason="bench",
            now=timezone.now(),
            **values,
        )
    _prepare(plan)
    return plan


def confirmed(plan: Plan) -> Plan:
    """The plan, begun: its operations wait for the worker of its lane."""
    with organization_scope(plan.organization_id):
        plan = plans.confirm(plan=plan, actor=BENCH, now=timezone.now())
    _prepare(plan)
    return plan


def _prepare(plan: Plan) -> None:
    """What a worker does with all rows of a large plan: it previews or starts them."""
    if plan.state in (Plan.State.DRAFTING, Plan.State.HELD):
        held_plans.check(organization_id=plan.organization_id, plan_id=plan.pk)

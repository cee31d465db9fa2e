"""The steps beside pages, in the large and in the medium organization: exports, a plan, flushes, reconciliation."""

from collections.abc import Iterator, Mapping
from functools import partial

import psycopg
from django.contrib import admin
from django.urls import reverse

from benchmarks.bench import Bench
from benchmarks.children import Child
from benchmarks.installation import Tenant
from benchmarks.scale.flushing import flush
from benchmarks.scale.measured import Measured
from benchmarks.scale.reconciling import comparing
from benchmarks.scale.sizes import MEDIUM, SIZES
from vendor_admin.listing.admin_base import ReadOnlyAdmin

EXPORTED = ("account", "platformuser", "order", "entityevent", "operation")
STEP_SECONDS = 1_800.0
# Plans about money start from mirrors that a live socket keeps fresh.
LIVE = """
UPDATE sync_lease SET state = 'live', holder = 'bench', expires_at = now() + interval '1 day', waiting_ms = 0,
       last_frame_at = now(), settled_at = now(), reconciled_at = now() WHERE id = ANY (%s)
"""
NOT_LIVE = "UPDATE sync_lease SET state = 'unheld', holder = '', expires_at = NULL WHERE id = ANY (%s)"
ON = "UPDATE organizations_connection SET is_enabled = %s WHERE id = ANY (%s)"
Steps = dict[str, list[Measured]]


def measure_steps(bench: Bench, tenants: Mapping[str, Tenant]) -> Iterator[tuple[list[Measured], list[Measured]]]:
    """Some steps of the large organization after the other, each with those of the medium one."""
    both = {name: tenants[name] for name in ("large", "medium")}
    with bench.server.connect() as database, Child("benchmarks.scale.step_process") as child:
        # The plan of the large organization is first: its memory is looked at in a process that has done nothing yet.
        for measured in (
            partial(_plans, bench, both, child, database),
            partial(_exports, bench, both, child),
            partial(_flushes, bench, both),
            partial(_compared, bench, both),
        ):
            steps = measured()
            yield steps["large"], steps["medium"]


def _exports(bench: Bench, tenants: Mapping[str, Tenant], child: Child) -> Steps:
    pages = {page.model._meta.model_name: page for page in admin.site._registry.values()}
    lists, most = [pages[one] for one in EXPORTED], SIZES[bench.size].exported
    return {
        name: [step for page in lists for step in _export(child, tenant, page, most)]
        for name, tenant in tenants.items()
    }


def _export(child: Child, tenant: Tenant, page: admin.ModelAdmin, most: int) -> list[Measured]:
    assert isinstance(page, ReadOnlyAdmin)
    return _ask(
        child,
        do="export",
        organization=tenant.organization_id,
        name=page.heading or str(page.opts.verbose_name_plural),
        address=reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_export"),
        most=most,
    )


def _plans(bench: Bench, tenants: Mapping[str, Tenant], child: Child, database: psycopg.Connection) -> Steps:
    leases = [lease for tenant in tenants.values() for lease in tenant.lease_ids]
    connections = [tenant.connection_id for tenant in tenants.values()]
    database.execute(LIVE, [leases])
    database.execute(ON, [True, connections])
    found: Steps = {}
    for name, tenant in tenants.items():
        accounts = SIZES[bench.size].planned if name == "large" else MEDIUM.planned
        found[name] = _ask(child, do="plan", organization=tenant.organization_id, accounts=accounts)
    database.execute(ON, [False, connections])
    database.execute(NOT_LIVE, [leases])
    return found


def _flushes(bench: Bench, tenants: Mapping[str, Tenant]) -> Steps:
    sizes = {"large": SIZES[bench.size], "medium": MEDIUM}
    found = flush(bench, {name: (tenant, sizes[name]) for name, tenant in tenants.items()})
    return {name: [one] for name, one in found.items()}


def _compared(bench: Bench, tenants: Mapping[str, Tenant]) -> Steps:
    with comparing(bench, list(tenants.values())) as hub:
        return {name: list(hub.compare(tenant)) for name, tenant in tenants.items()}


def _ask(child: Child, **command: object) -> list[Measured]:
    return [Measured(**one) for one in child.ask(timeout_seconds=STEP_SECONDS, **command)["steps"]]

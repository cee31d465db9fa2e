"""Background work of operations. Every task may run twice, and beat finds what a lost message left behind."""

import time

from vendor_admin.celery import app
from vendor_admin.operations.engine import after_restore, sweep
from vendor_admin.operations.engine.runner import work as work_lane
from vendor_admin.operations.plan_work import expiry as standing_plans
from vendor_admin.operations.plan_work import held_plans
from vendor_admin.operations.plans import wiping
from vendor_admin.operations.read_jobs import ending, front_months
from vendor_admin.operations.read_jobs import work as read_jobs
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock

AT_ONCE_SECONDS = 5.0
TURN_SECONDS = 20.0


@app.task
def work_at_once(organization_id: int, environment: str) -> None:
    """Begin with what somebody has just asked for; what takes longer goes on in turn with other lanes."""
    _work(organization_id, environment, seconds=AT_ONCE_SECONDS)


@app.task
def work(organization_id: int, environment: str) -> None:
    """Send the due operations of one lane for as long as its turn lasts."""
    _work(organization_id, environment, seconds=TURN_SECONDS)


@app.task
def check_rows(organization_id: int, plan_id: int) -> None:
    """Read the rows of a plan of the platform where the mirrors may be old, and start it where they are as shown."""
    held_plans.check(organization_id=organization_id, plan_id=plan_id)


@app.task
def read_at_once(organization_id: int, job_id: int) -> None:
    """Begin to ask the platform what somebody waits for; what takes longer goes on behind other work with rows."""
    _read(organization_id, job_id, seconds=AT_ONCE_SECONDS)


@app.task
def read_on(organization_id: int, job_id: int) -> None:
    """Go on with a read job for as long as its turn lasts."""
    _read(organization_id, job_id, seconds=TURN_SECONDS)


@app.task
def find_due() -> None:
    """Wake a worker for every lane, plan and read job in which something is due, whatever became of its message.

    First of all, what was unfinished before a restore is marked.
    """
    now = database_clock.now()
    if after_restore.settled_incarnation(now=now) is not None:
        sweep.wake_due_lanes(now=now)
        held_plans.wake_due()
    read_jobs.wake_due()


@app.task
def wipe_old_secrets() -> None:
    """Wipe the passwords of plans that nothing can need any more."""
    now = database_clock.now()
    standing_plans.end_with_old_secrets(now=now)
    wiping.wipe_old_secrets(now=now)


@app.task
def forget_old_read_jobs() -> None:
    """Delete what the platform was asked a month ago, with its answers."""
    ending.forget_old_read_jobs(now=database_clock.now())


@app.task
def ask_front_months() -> None:
    """Have the platform asked which contracts come first, by a task for each organization."""
    for organization_id in Organization.objects.order_by("id").values_list("id", flat=True):
        ask_front_months_of.delay(organization_id)


@app.task
def ask_front_months_of(organization_id: int) -> None:
    """Ask it for the products of one organization that were not asked about today."""
    front_months.ask(organization_id, now=database_clock.now())


def _work(organization_id: int, environment: str, *, seconds: float) -> None:
    """Work on a lane; one that used all of its time has probably more, and waits behind the others."""
    started = time.monotonic()
    work_lane(organization_id=organization_id, environment=environment, seconds=seconds)
    if time.monotonic() - started >= seconds:
        wakeups.work_in_turn(organization_id, environment)


def _read(organization_id: int, job_id: int, *, seconds: float) -> None:
    if read_jobs.read(organization_id=organization_id, job_id=job_id, seconds=seconds):
        wakeups.read_on(organization_id, job_id)

"""Wakes the workers once a change is committed. Only a matter of speed: beat looks for due operations by itself."""

from collections.abc import Iterable
from functools import partial

import structlog
from django.db import transaction
from kombu.exceptions import OperationalError

from vendor_admin.celery import app
from vendor_admin.queues import EXPIRES_SECONDS

log = structlog.get_logger(__name__)

AT_ONCE_TASK = "vendor_admin.operations.tasks.work_at_once"
WORK_TASK = "vendor_admin.operations.tasks.work"
CHECK_TASK = "vendor_admin.operations.tasks.check_rows"
READ_TASK = "vendor_admin.operations.tasks.read_at_once"
READ_ON_TASK = "vendor_admin.operations.tasks.read_on"


def work_soon(organization_id: int, environments: Iterable[str]) -> None:
    """Somebody waits: begin with the due operations of these lanes as soon as this transaction has committed."""
    for environment in sorted(environments):
        transaction.on_commit(partial(send_task, AT_ONCE_TASK, organization_id, environment))


def work_in_turn(organization_id: int, environment: str) -> None:
    """Go on with a lane once it is its turn among all lanes, as soon as this transaction has committed."""
    transaction.on_commit(partial(send_task, WORK_TASK, organization_id, environment))


def check_soon(organization_id: int, plan_id: int) -> None:
    """Look whether the rows of a plan are fresh as soon as this transaction has committed."""
    transaction.on_commit(partial(send_task, CHECK_TASK, organization_id, plan_id))


def read_soon(organization_id: int, job_id: int) -> None:
    """Ask the platform what a read job wants to know as soon as this transaction has committed."""
    transaction.on_commit(partial(send_task, READ_TASK, organization_id, job_id))


def read_on(organization_id: int, job_id: int) -> None:
    """Go on with a read job that takes longer, as soon as this transaction has committed."""
    transaction.on_commit(partial(send_task, READ_ON_TASK, organization_id, job_id))


def send_task(task: str, *arguments: int | str) -> None:
    """Send a task's message. A broker that is away is only noted."""
    try:
        app.send_task(task, args=arguments, retry=False, expires=EXPIRES_SECONDS)
    except (OperationalError, OSError) as error:
        log.warning("operations.broker_away", task=task, arguments=arguments, error=str(error))

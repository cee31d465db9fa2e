"""What a Celery worker does of ours as it starts."""

import structlog
from celery import bootsteps
from celery.worker import WorkController

from vendor_admin.queues import EVERYTHING, QUEUES

log = structlog.get_logger(__name__)


class EveryQueueStep(bootsteps.Step):
    """Lets a worker that was started with `--queues default` take the work of all queues."""

    def include_if(self, worker: WorkController) -> bool:
        return EVERYTHING in worker.app.amqp.queues.consume_from

    def create(self, worker: WorkController) -> None:
        for name in QUEUES:
            worker.app.amqp.queues.select_add(name)
        log.warning(
            "worker.takes_every_queue",
            queues=",".join(QUEUES),
            advice="Start workers for urgent, tokens, operations, rows and maintenance: bulk work then delays nobody.",
        )

"""What a Celery worker does of ours as it starts."""

import threading
from collections.abc import Sequence
from typing import Any

import structlog
from celery import bootsteps
from celery.worker import WorkController
from django.db import connection

from vendor_admin.garbage import collect_garbage_seldom
from vendor_admin.notices import watcher
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.queues import EVERYTHING, QUEUES
from vendor_admin.sync import queue_workers

log = structlog.get_logger(__name__)


class GarbageStep(bootsteps.Step):
    """Looks for garbage seldom in workers of background work. Hubs keep few objects, and go on as Python does."""

    def include_if(self, worker: WorkController) -> bool:
        return bool(set(worker.app.amqp.queues.consume_from) & {EVERYTHING, *QUEUES})

    def create(self, worker: WorkController) -> None:
        collect_garbage_seldom()


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


class SayQueuesStep(bootsteps.StartStopStep):
    """Says which of our queues the worker takes, for as long as it is connected to the broker."""

    requires = {"celery.worker.consumer.tasks:Tasks"}

    def __init__(self, consumer: Any, **kwargs: object) -> None:
        self._ended = threading.Event()

    def include_if(self, consumer: Any) -> bool:
        return bool(_queues_of(consumer))

    def start(self, consumer: Any) -> None:
        self._ended = threading.Event()
        arguments = (consumer.hostname, _queues_of(consumer), self._ended)
        threading.Thread(target=_say_until, args=arguments, name="queues", daemon=True).start()

    def stop(self, consumer: Any) -> None:
        self._ended.set()

    shutdown = stop


def _queues_of(consumer: Any) -> list[str]:
    return sorted(set(QUEUES) & set(consumer.app.amqp.queues.consume_from))


def _say_until(name: str, queues: Sequence[str], ended: threading.Event) -> None:
    while True:
        try:
            say_once(name=name, queues=queues)
        except Exception:
            log.exception("worker.queues_not_said")
        finally:
            connection.close()  # the pool's children are made by forking
        if ended.wait(queue_workers.SAID_EVERY_SECONDS):
            return


def say_once(*, name: str, queues: Sequence[str]) -> None:
    """Say what a worker takes. Without a worker of `urgent` nobody looks for notices: then this one does."""
    now = database_clock.now()
    queue_workers.say(name=name, queues=queues, now=now)
    if "urgent" in queue_workers.queues_without_worker(now=now):
        watcher.watch(now=now)

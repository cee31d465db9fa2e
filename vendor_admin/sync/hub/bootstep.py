"""Runs a hub inside a Celery worker that consumes the queue `sync`, for as long as the worker lives.

The hub has a thread and an event loop of its own; broker restarts do not touch it. Start it with
`celery -A vendor_admin worker -Q sync --pool solo`.
"""

import asyncio
import os
import socket
import threading
import uuid

import structlog
import uvloop
from celery import bootsteps
from celery.worker import WorkController
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from vendor_admin.sync.hub.hub import Hub, HubSettings

log = structlog.get_logger(__name__)

QUEUE = "sync"
STOP_SECONDS = 25.0


class HubStep(bootsteps.StartStopStep):
    """Starts the hub with the worker and stops it, flushed, before the worker ends."""

    requires = {"celery.worker.components:Pool"}

    def __init__(self, worker: WorkController, **kwargs: object) -> None:
        self._hub: Hub | None = None
        self._thread: threading.Thread | None = None

    def include_if(self, worker: WorkController) -> bool:
        return QUEUE in worker.app.amqp.queues.consume_from

    def start(self, worker: WorkController) -> None:
        if worker.pool_cls.__module__.endswith("prefork"):
            raise ImproperlyConfigured(
                "The sync queue needs `--pool solo` or `--pool threads`: prefork would fork sockets."
            )
        if not settings.DATABASE_HUB_URL:
            raise ImproperlyConfigured("DATABASE_HUB_URL is not set: the login that writes what the platform sends.")
        hub_settings = HubSettings(
            name=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:6]}",
            database_url=settings.DATABASE_HUB_URL,
            lease_ttl=settings.SYNC_LEASE_TTL_SECONDS,
            renew_every=settings.SYNC_LEASE_RENEW_SECONDS,
            quiet=settings.SYNC_QUIET_SECONDS,
            lock=settings.BUDGET_WINDOW_SECONDS,
        )
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(hub_settings, started), name="hub", daemon=True)
        self._thread.start()
        started.wait(10)

    def stop(self, worker: WorkController) -> None:
        if self._hub is None or self._thread is None:
            return
        self._hub.stop()
        self._thread.join(STOP_SECONDS)
        if self._thread.is_alive():
            log.error("hub.did_not_stop_in_time", seconds=STOP_SECONDS)

    terminate = stop

    def _run(self, hub_settings: HubSettings, started: threading.Event) -> None:
        async def main() -> None:
            self._hub = Hub(hub_settings)
            started.set()
            await self._hub.run()

        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(main())
        except Exception:
            log.exception("hub.failed")
            os._exit(70)  # a worker without its hub would look alive; the supervisor starts it anew

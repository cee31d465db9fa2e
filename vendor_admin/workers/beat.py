"""The scheduler of `celery beat`: the entries in the database, and a signal that is obeyed in the middle of a query."""

import signal
import threading
from types import FrameType
from typing import NoReturn

from django_celery_beat.schedulers import DatabaseScheduler


class Scheduler(DatabaseScheduler):
    """Like django-celery-beat's, but that it leaves whatever it is doing when it is asked to.

    Celery's own handler saves the schedule before it leaves. Called in the middle of a query, it waits for ever for the
    connection that the query holds. Here the handler only leaves: beat saves the schedule on its way out.
    """

    def setup_schedule(self) -> None:
        """Write the entries of the settings. Called once, after Celery set its handlers."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, _leave)
        super().setup_schedule()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit

"""Runs the events role: `python -m vendor_admin.web.events_role`. It listens at EVENTS_BIND.

At SIGTERM it takes no more connections, answers who waits with what is there, and leaves.
"""

import os
import signal
import socket
from typing import Final

import django
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendor_admin.settings")
django.setup()

from vendor_admin.garbage import collect_garbage_seldom  # noqa: E402
from vendor_admin.web.events_role.app import EventsApplication  # noqa: E402 - it imports models

USUAL_BIND: Final = "127.0.0.1:8001"
MOST_CONNECTIONS: Final = 5_000
LONGEST_HEAD: Final = 64 * 1024
# What a stopping process waits for callers to take their answers.
LAST_SECONDS: Final = 10
SILENT_SECONDS: Final = 20


class Server(uvicorn.Server):
    """Uvicorn, which tells the application first that it stops."""

    def __init__(self, config: uvicorn.Config, application: EventsApplication) -> None:
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._application.stop()
        await super().shutdown(sockets)


def main() -> None:
    """Serve until a signal asks to stop."""
    host, _, port = os.environ.get("EVENTS_BIND", USUAL_BIND).rpartition(":")
    application = EventsApplication()
    collect_garbage_seldom()
    config = uvicorn.Config(
        application,
        host=host.strip("[]"),
        port=int(port),
        lifespan="on",
        # What a proxy says of the caller is read by Django, as in the web role (BEHIND_PROXY).
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        limit_concurrency=MOST_CONNECTIONS,
        backlog=1_024,
        h11_max_incomplete_event_size=LONGEST_HEAD,
        timeout_keep_alive=SILENT_SECONDS,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # Uvicorn raises them again at its end, which would be no clean exit
    Server(config, application).run()


if __name__ == "__main__":
    main()

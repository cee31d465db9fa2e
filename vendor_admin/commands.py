"""How each role of the service is started: the one table that the demo's supervisor uses and docker/ repeats.

A test holds docker/ to it. `python` stands for the interpreter of the environment; addresses come from the environment.
"""

import sys

GUNICORN = ("python", "-m", "gunicorn")
CELERY = ("python", "-m", "celery", "-A", "vendor_admin")
QUIET = ("--loglevel", "INFO", "--without-gossip", "--without-mingle")

# Run once before the roles start, in this order.
PREPARATIONS = {
    "ensure_roles": ("python", "manage.py", "ensure_roles"),
    "migrate": ("python", "manage.py", "migrate", "--no-input"),
}

ROLES = {
    # Gunicorn's own rules: binds to GUNICORN_CMD_ARGS="--bind …", else to any address at PORT, else to 127.0.0.1:8000.
    "web": (
        *(*GUNICORN, "vendor_admin.wsgi:application", "--no-control-socket"),
        *("--worker-class", "vendor_admin.web.worker.BufferingWorker", "--workers", "2", "--threads", "8"),
    ),
    # Uvicorn with one plain async view: readers of events wait here without a thread. Binds to EVENTS_BIND.
    "events": ("python", "-m", "vendor_admin.web.events_role"),
    "worker": (
        *(*CELERY, "worker", "--queues", "urgent", "--concurrency", "2"),
        *("--hostname", "urgent@%h", *QUIET),
    ),
    # Threads, as the reader's: both wait for other people's servers most of the time.
    "tokens": (
        *(*CELERY, "worker", "--queues", "tokens", "--pool", "threads", "--concurrency", "8"),
        *("--hostname", "tokens@%h", *QUIET),
    ),
    "operations": (
        *(*CELERY, "worker", "--queues", "operations", "--concurrency", "2"),
        *("--hostname", "operations@%h", *QUIET),
    ),
    "maintenance": (
        *(*CELERY, "worker", "--queues", "maintenance", "--concurrency", "1"),
        *("--hostname", "maintenance@%h", *QUIET),
    ),
    "reader": (
        *(*CELERY, "worker", "--queues", "rows", "--pool", "threads", "--concurrency", "4"),
        *("--hostname", "rows@%h", *QUIET),
    ),
    # Pool solo: the hub's thread must live in the worker's own process, which prefork would not give it.
    "sync": (*CELERY, "worker", "--queues", "sync", "--pool", "solo", "--hostname", "sync@%h", *QUIET),
    "beat": (*CELERY, "beat", "--loglevel", "INFO"),
}

# Run only where the operator asks for it by name: the simulated platform of test mode, at TEST_SANDBOX_URL. It listens
# at TEST_SANDBOX_BIND, at loopback without it. Its seed never changes: the keys by which it is connected come from it.
OPTIONAL_ROLES = {
    "sandbox": (
        *("python", "manage.py", "sandbox", "--test-mode", "--anyway", "--port", "8090", "--seed", "7"),
        *("--organizations", "20", "--users", "12", "--accounts-per-user", "2"),
    ),
}

# What the demo starts: the same, with one process for readings and upkeep.
DEMO_ROLES = {
    name: tuple("rows,maintenance" if word == "rows" else word for word in command)
    for name, command in ROLES.items()
    if name != "maintenance"
}


def arguments_of(command: tuple[str, ...]) -> list[str]:
    """The command as an argument list for this interpreter."""
    return [sys.executable if word == "python" else word for word in command]

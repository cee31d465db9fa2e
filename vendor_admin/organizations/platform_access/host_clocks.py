"""Hosts whose clocks differ from the database's: each measures its own, and what is wrong is there for all to see.

A host notes its clock while it is wrong and takes the note back once it is right. Notices, `/syncz` and `/readyz` tell.
"""

import socket
from datetime import datetime, timedelta

import structlog

from vendor_admin.organizations.models import HostClock
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.database_clock import MOST_OFF, ClockReading

log = structlog.get_logger(__name__)

# A host that has not measured for so long has stopped, or is called something else by now.
COUNTS_FOR = timedelta(minutes=5)


def check() -> ClockReading:
    """Measure this host's clock and note what is wrong with it. Must not run inside a transaction that may fail."""
    reading = database_clock.read()
    host = socket.gethostname()[:200]
    if reading.is_host_right:
        if HostClock.objects.filter(host=host).delete()[0]:
            log.info("host_clock_right_again", host=host)
    else:
        ahead = reading.ahead.total_seconds()
        values = {"ahead_seconds": ahead, "measured_at": reading.now}
        _, is_news = HostClock.objects.update_or_create(host=host, defaults=values)
        if is_news:
            log.error("host_clock_wrong", host=host, clock=words(ahead))
    return reading


def wrong_clocks(*, now: datetime) -> list[HostClock]:
    """Hosts that lately found their clock wrong, by name."""
    return list(HostClock.objects.filter(measured_at__gt=now - COUNTS_FOR).order_by("host"))


def forget_old(*, now: datetime) -> int:
    """Delete notes of hosts that have not measured for long; returns their number."""
    return HostClock.objects.filter(measured_at__lte=now - COUNTS_FOR).delete()[0]


def words(ahead_seconds: float) -> str:
    """How far a clock is off, for people."""
    direction = "ahead of" if ahead_seconds > 0 else "behind"
    return (
        f"{abs(ahead_seconds):,.1f} s {direction} the database's (at most {MOST_OFF.total_seconds():g} s are allowed)"
    )

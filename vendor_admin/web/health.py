"""Health over HTTP: is the process alive, can it serve, are the sockets live, and figures for Prometheus.

`/syncz` tells whether the sync does its work, every queue has a worker and the hosts' clocks are right, and answers 503
while that is not so: an alert, never a liveness probe, since restarting the web server would mend nothing. All are open
to callers on this machine, unless a proxy stands before the service; others need SYNCZ_TOKEN as bearer token, except
for `/livez` and `/readyz`, which say nothing but yes or no, and why not.
None runs in the request's transaction, which could not begin while the database is away.
"""

import hmac
import ipaddress

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync import queue_workers
from vendor_admin.sync.hub.restart_cost import in_words, restart_costs
from vendor_admin.sync.status import is_healthy, socket_statuses
from vendor_admin.web.figures import text_of

FORWARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


@transaction.non_atomic_requests
@login_not_required
@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; touches nothing else."""
    return HttpResponse("alive\n", content_type="text/plain")


@transaction.non_atomic_requests
@login_not_required
@require_safe
@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and this host's clock is right, so that requests may be sent here."""
    try:
        clock = host_clocks.check()
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    if not clock.is_host_right:
        text = f"this host's clock is {host_clocks.words(clock.ahead.total_seconds())}\n"
        return HttpResponse(text, status=503, content_type="text/plain")
    return HttpResponse("ready\n", content_type="text/plain")


@transaction.non_atomic_requests
@login_not_required
@require_safe
@never_cache
def syncz(request: HttpRequest) -> HttpResponse:
    """The state of every socket, queues without a worker, hosts whose clocks are wrong, and what a restart of the sync
    workers would cost now, as JSON; 503 while an enabled socket is not live, a queue has no worker, or a clock is
    wrong.
    """
    if not _may_look(request):
        return _refused()
    try:
        now = host_clocks.check().now
        wrong = host_clocks.wrong_clocks(now=now)
        untaken = queue_workers.queues_without_worker(now=now)
        statuses, costs = socket_statuses(now=now), restart_costs(now=now)
    except DatabaseError:
        return JsonResponse({"healthy": False, "reason": "The database does not answer.", "sockets": []}, status=503)
    healthy = is_healthy(statuses) and not wrong and not untaken
    clocks = [{"host": one.host, "clock": host_clocks.words(one.ahead_seconds), "at": one.measured_at} for one in wrong]
    missing = [{"queue": queue, "means": queue_workers.WORK[queue]} for queue in untaken]
    body = {
        "healthy": healthy,
        "at": now,
        "wrong_clocks": clocks,
        "queues_without_worker": missing,
        "restart_now": [{**cost, "in_words": in_words(cost)} for cost in costs],
        "sockets": statuses,
    }
    # The standard library's encoder takes ten times as long where it indents.
    text = msgspec.json.format(msgspec.json.encode(body), indent=1)
    return HttpResponse(text, status=200 if healthy else 503, content_type="application/json")


@transaction.non_atomic_requests
@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The sockets' figures for Prometheus, read from the database at each scrape."""
    if not _may_look(request):
        return _refused()
    try:
        now = database_clock.now()
        statuses, workers = socket_statuses(now=now), queue_workers.workers_of_queues(now=now)
    except DatabaseError:
        return HttpResponse("the database does not answer\n", status=503, content_type="text/plain")
    text = text_of(statuses, workers_of_queues=workers, now=now)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _may_look(request: HttpRequest) -> bool:
    """Callers on this machine, and those with the token.

    Behind a proxy on this machine everybody seems to call from here. One that does not say so in a header is known
    by BEHIND_PROXY alone.
    """
    is_forwarded = settings.BEHIND_PROXY or any(name in request.headers for name in FORWARDED)
    if not is_forwarded and _is_loopback(request.META.get("REMOTE_ADDR", "")):
        return True
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(settings.SYNCZ_TOKEN) and hmac.compare_digest(given.encode(), settings.SYNCZ_TOKEN.encode())


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _refused() -> HttpResponse:
    response = HttpResponse("Send SYNCZ_TOKEN as bearer token.\n", status=401, content_type="text/plain")
    response["WWW-Authenticate"] = "Bearer"
    return response

"""The queues of background work: which task waits where, so that nothing urgent waits behind bulk work.

`urgent`: what people wait for, and seconds at most. `tokens`: what waits for other people's servers: renewals, of which
there may be many at once, tries of hosts, checks of connections, deliveries of notices. `operations`: lanes at work.
`rows`: plans that workers have in hand: what is done with all rows of large ones, and
readings for those that wait for the platform, a minute and a half at most; and read jobs that take longer.
`maintenance`: what has an hour. The queue
`sync` is the hubs' (sync/hub/bootstep.py).
"""

QUEUES = ("urgent", "tokens", "operations", "rows", "maintenance")
# The one queue of workers that are started with `--queues default`: they take all work.
EVERYTHING = "default"
# A message that waited longer is dropped: beat has sent the next by then, and finds by itself what is due.
EXPIRES_SECONDS = 60
RENEWALS_EVERY_SECONDS = 15

ROUTES = {
    "oauth_bridge.tasks.renew_link": {"queue": "tokens"},
    "vendor_admin.organizations.tasks.mail_email_link": {"queue": "tokens"},
    "vendor_admin.organizations.tasks.try_hosts_again": {"queue": "tokens"},
    "vendor_admin.organizations.tasks.renew_token": {"queue": "tokens"},
    "vendor_admin.organizations.tasks.check_connection": {"queue": "tokens"},
    "vendor_admin.organizations.tasks.mail_person": {"queue": "tokens"},
    "vendor_admin.notices.tasks.deliver_notices": {"queue": "tokens"},
    "vendor_admin.notices.tasks.tell_webhooks": {"queue": "tokens"},
    "vendor_admin.operations.tasks.work": {"queue": "operations"},
    "vendor_admin.operations.tasks.check_rows": {"queue": "rows"},
    "vendor_admin.operations.tasks.read_on": {"queue": "rows"},
    "vendor_admin.operations.tasks.ask_front_months": {"queue": "maintenance"},
    "vendor_admin.operations.tasks.ask_front_months_of": {"queue": "maintenance"},
    "vendor_admin.sync.tasks.keep_partitions": {"queue": "maintenance"},
    "vendor_admin.sync.tasks.request_reconciliation": {"queue": "maintenance"},
    "*.forget_old_*": {"queue": "maintenance"},
    "vendor_admin.organizations.tasks.seal_audit": {"queue": "maintenance"},
    "*.wipe_old_*": {"queue": "maintenance"},
}


def every(seconds: float, task: str) -> dict[str, object]:
    """An entry of beat's schedule. Its message expires before a second one could do more than the first."""
    return {"task": task, "schedule": seconds, "options": {"expire_seconds": int(max(seconds, EXPIRES_SECONDS))}}

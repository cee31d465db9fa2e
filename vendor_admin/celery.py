"""The Celery application. Tasks are declared with `@app.task` from here; workers on the queue `sync` also run a hub."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendor_admin.settings")

app = Celery("vendor_admin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Named as strings: the hub needs Django's apps, which are loaded only after this module, and only workers need these.
app.steps["worker"].add("vendor_admin.sync.hub.bootstep:HubStep")
app.steps["worker"].add("vendor_admin.workers.steps:EveryQueueStep")
app.steps["worker"].add("vendor_admin.workers.steps:GarbageStep")
app.steps["consumer"].add("vendor_admin.workers.steps:SayQueuesStep")

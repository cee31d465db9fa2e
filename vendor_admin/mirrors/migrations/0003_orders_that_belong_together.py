"""Indexes by which the page of an order finds its executions, its strategy, and the orders that belong to it."""

from django.db import migrations, models
from django.db.models import Q

from vendor_admin.schema.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False  # the tables are written to while they are indexed

    dependencies = [("mirrors", "0002_more_entity_types")]

    operations = [
        BuildIndex(
            "order",
            models.Index(
                fields=["organization", "parent_id"], name="order_parent", condition=Q(parent_id__isnull=False)
            ),
        ),
        BuildIndex(
            "order",
            models.Index(fields=["organization", "oco_id"], name="order_oco", condition=Q(oco_id__isnull=False)),
        ),
        BuildIndex(
            "executionreport",
            models.Index(fields=["organization", "order_id", "entity_id"], name="executionreport_order_i"),
        ),
        BuildIndex(
            "orderstrategylink",
            models.Index(fields=["organization", "order_id", "entity_id"], name="orderstrategylink_order_i"),
        ),
    ]

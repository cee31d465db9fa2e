"""A table for the platform's answers to which contract of a product comes first, with its policies and rights."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import run_sql

POLICIES = """
ALTER TABLE operations_frontmonth ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY in_scope ON operations_frontmonth TO {app}
    USING (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON operations_frontmonth TO CURRENT_USER USING (true) WITH CHECK (true);
REVOKE ALL ON operations_frontmonth FROM {app}, {hub};
GRANT SELECT, INSERT, UPDATE, DELETE ON operations_frontmonth TO {app};
"""


class Migration(migrations.Migration):
    dependencies = [("operations", "0002_read_job_asked")]

    operations = [
        migrations.CreateModel(
            name="FrontMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                ("product_id", models.BigIntegerField()),
                (
                    "contract_name",
                    models.CharField(help_text="Empty where it suggested none of the product's.", max_length=64),
                ),
                ("asked_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "unscoped",
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "product_id"), name="one_front_month_per_product")
                ],
            },
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        run_sql(POLICIES),
    ]

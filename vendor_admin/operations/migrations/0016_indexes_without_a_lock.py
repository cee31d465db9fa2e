"""Two indexes, built without holding up who writes. Installations that have them keep them."""

from django.db import migrations, models


def _index(model_name: str, index: models.Index, sql: str) -> migrations.SeparateDatabaseAndState:
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index.name} ON {sql}",
                f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}",
            )
        ],
        state_operations=[migrations.AddIndex(model_name=model_name, index=index)],
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("operations", "0015_index_of_open_plans")]

    operations = [
        _index(
            "planrow",
            models.Index(condition=~models.Q(secrets=""), fields=["plan"], name="plan_row_with_secrets"),
            "operations_planrow (plan_id) WHERE NOT (secrets = '')",
        ),
        _index(
            "plan",
            models.Index(condition=models.Q(check_at__isnull=False), fields=["check_at"], name="plan_to_check"),
            "operations_plan (check_at) WHERE check_at IS NOT NULL",
        ),
    ]

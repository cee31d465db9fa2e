"""Of the libraries' tables the app role may write only what it has to; of its own, what its pages write."""

from django.db import migrations

from vendor_admin.organizations.tenancy.rls import grant

READ_ONLY = [
    "django_migrations",
    "django_content_type",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_celery_beat_clockedschedule",
    "django_celery_beat_solarschedule",
    "account_emailconfirmation",
]
# Never written; but whoever removes a user removes what of these is his.
REMOVED_WITH_USERS = [
    "django_admin_log",
    "account_emailaddress",
    "organizations_user_groups",
    "organizations_user_user_permissions",
]


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0009_draws_that_run_out"),
        ("account", "0001_initial"),
        ("admin", "0001_initial"),
        ("auth", "0001_initial"),
        ("contenttypes", "0001_initial"),
        ("django_celery_beat", "0010_auto_20190429_0326"),
    ]

    operations = [
        *(grant(table, app="SELECT") for table in READ_ONLY),
        *(grant(table, app="SELECT, DELETE") for table in REMOVED_WITH_USERS),
    ]

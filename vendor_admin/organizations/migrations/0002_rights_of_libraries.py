"""Of the libraries' tables the app role may write only what it has to. They come after ours: they refer to users."""

from django.db import migrations

from vendor_admin.organizations.tenancy.rls import run_sql

# Of some nothing is ever written; but whoever removes a user removes what of these is his.
RIGHTS = """
REVOKE ALL ON account_emailaddress, account_emailconfirmation, auth_group, auth_group_permissions, auth_permission,
    django_admin_log, django_celery_beat_clockedschedule, django_celery_beat_solarschedule, django_content_type,
    django_migrations, organizations_user_groups, organizations_user_user_permissions FROM {app}, {hub};
GRANT SELECT ON account_emailconfirmation, auth_group, auth_group_permissions, auth_permission,
    django_celery_beat_clockedschedule, django_celery_beat_solarschedule, django_content_type, django_migrations TO {app};
GRANT SELECT, DELETE ON account_emailaddress, django_admin_log, organizations_user_groups,
    organizations_user_user_permissions TO {app};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
        ("account", "0001_initial"),
        ("admin", "0001_initial"),
        ("auth", "0001_initial"),
        ("contenttypes", "0001_initial"),
        ("django_celery_beat", "0010_auto_20190429_0326"),
    ]

    operations = [run_sql(RIGHTS)]

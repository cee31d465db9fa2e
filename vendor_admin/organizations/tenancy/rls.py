"""Row level security: the second wall. Its policies are in the first migration of each app, as text.

The app role sees the organizations named by the transaction's setting `app.orgs` and nothing where it is unset. The
hub role serves all organizations, by a policy of its own. The owner sees all (data migrations, search function).
"""

from django.conf import settings
from django.db import migrations

# Tables that are read before the organization is known, or that belong to none. A test fails on any other table
# without a policy.
TABLES_WITHOUT_POLICY = {
    "organizations_organization": "slugs are looked up before the organization is known; changed in scope alone",
    "organizations_user": "users sign in before an organization is known, and may work for several",
    "organizations_user_groups": "Django's own relation, not used for rights",
    "organizations_user_user_permissions": "Django's own relation, not used for rights",
    "organizations_staffrole": "tells which organizations a user may see; read at sign-in",
    "organizations_secondfactormemory": "codes are checked at sign-in, before an organization is known",
    "organizations_accessentry": "changes of people's access; operators belong to no organization, and read it alone",
    "organizations_budgetuse": "budgets are per IP address and platform user, shared by all organizations",
    "organizations_ratelock": "locks are per IP address and platform user, shared by all organizations",
    "organizations_hostclock": "clocks are the installation's hosts', shared by all organizations",
    "organizations_incarnation": "the database's own lives, which concern all organizations",
    "sync_hub": "the list of running hubs, which serve all organizations",
    "sync_queueworker": "the workers of background work, which serve all organizations",
    "sync_partitiontrouble": "the log's partitions are shared by all organizations",
    "django_session": "sessions exist before sign-in",
    "django_migrations": "Django's own",
    "django_content_type": "Django's own",
    "django_admin_log": "Django's own, never written: changes go to the audit",
    "auth_group": "Django's own",
    "auth_group_permissions": "Django's own",
    "auth_permission": "Django's own",
    "axes_accessattempt": "failed sign-ins, before an organization is known",
    "axes_accessattemptexpiration": "failed sign-ins, before an organization is known",
    "axes_accessfailurelog": "failed sign-ins, before an organization is known",
    "axes_accesslog": "sign-ins, before an organization is known",
    "mfa_authenticator": "second factors of staff, asked for before an organization is known; secrets are encrypted",
    "account_emailaddress": "django-allauth's own, never written",
    "account_emailconfirmation": "django-allauth's own, never written",
    "django_celery_beat_clockedschedule": "the installation's timetable",
    "django_celery_beat_crontabschedule": "the installation's timetable",
    "django_celery_beat_intervalschedule": "the installation's timetable",
    "django_celery_beat_periodictask": "the installation's timetable",
    "django_celery_beat_periodictasks": "the installation's timetable",
    "django_celery_beat_solarschedule": "the installation's timetable",
}


def run_sql(script: str) -> migrations.RunSQL:
    """Return the migration operation that runs this script, with `{app}` and `{hub}` as the names of the two roles.

    Old migrations depend on it: it must go on doing just this.
    """
    for role, name in (("{app}", settings.APP_ROLE), ("{hub}", settings.HUB_ROLE)):
        script = script.replace(role, '"' + name.replace('"', '""') + '"')
    return migrations.RunSQL(script, migrations.RunSQL.noop)

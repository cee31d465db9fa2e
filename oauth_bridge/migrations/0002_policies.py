"""Policies and rights of the tables of member sign-in. The hub has no business with any of them."""

from django.db import migrations

from vendor_admin.organizations.tenancy.rls import protect


class Migration(migrations.Migration):
    dependencies = [("oauth_bridge", "0001_initial")]

    operations = [
        protect("oauth_bridge_platformclient"),
        protect("oauth_bridge_membersite"),
        protect("oauth_bridge_signinattempt"),
        protect("oauth_bridge_memberlink"),
        protect("oauth_bridge_membersession"),
    ]

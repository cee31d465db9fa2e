"""Policies and rights of the tables of portals. The hub has no business with any of them."""

from django.db import migrations

from vendor_admin.organizations.tenancy.rls import protect


class Migration(migrations.Migration):
    dependencies = [("oauth_bridge", "0003_portals")]

    operations = [
        protect("oauth_bridge_signingkey"),
        protect("oauth_bridge_portal"),
        protect("oauth_bridge_portalconsent"),
        protect("oauth_bridge_portalcode"),
        protect("oauth_bridge_portaltoken"),
        protect("oauth_bridge_portalrefreshtoken"),
    ]

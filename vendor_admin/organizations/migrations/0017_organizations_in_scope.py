"""An organization is changed by whoever is in its scope, and removed by the owner alone."""

from django.db import migrations

from vendor_admin.organizations.tenancy.rls import grant, list_all_and_change_in_scope


class Migration(migrations.Migration):
    dependencies = [("organizations", "0016_indexes_of_the_chain")]

    operations = [
        grant("organizations_organization", app="SELECT, INSERT, UPDATE", hub="SELECT"),
        list_all_and_change_in_scope("organizations_organization"),
    ]

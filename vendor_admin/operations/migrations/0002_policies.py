"""Policies and rights of the tables of operations. Nobody deletes an operation: it is the record of what was sent."""

from django.db import migrations

from vendor_admin.organizations.tenancy.rls import protect


class Migration(migrations.Migration):
    dependencies = [("operations", "0001_initial")]

    operations = [
        protect("operations_plan", app="SELECT, INSERT, UPDATE"),
        protect("operations_planrow", app="SELECT, INSERT, UPDATE"),
        protect("operations_operation", app="SELECT, INSERT, UPDATE"),
        protect("operations_lane", app="SELECT, INSERT, UPDATE"),
        protect("operations_approvalrule"),
    ]

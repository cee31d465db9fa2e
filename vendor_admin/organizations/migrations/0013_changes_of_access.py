"""Changes of access of all people, and the caller's request ids."""

from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import grant


class Migration(migrations.Migration):
    dependencies = [("organizations", "0011_rights_by_table")]

    operations = [
        migrations.CreateModel(
            name="AccessEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("actor", models.CharField(help_text="A user name, or the command that acted.", max_length=200)),
                ("action", models.CharField(max_length=100)),
                ("subject", models.CharField(help_text="The user name of the person.", max_length=300)),
                ("old", models.JSONField(default=dict)),
                ("new", models.JSONField(default=dict)),
                ("reason", models.TextField(default="")),
                ("request_id", models.CharField(default="", max_length=64)),
                ("caller_request_id", models.CharField(default="", max_length=64)),
            ],
            options={
                "verbose_name": "change of access",
                "verbose_name_plural": "changes of access",
                "ordering": ["-id"],
            },
        ),
        grant("organizations_accessentry", app="SELECT, INSERT"),
        migrations.AddField(
            model_name="auditentry",
            name="caller_request_id",
            field=models.CharField(
                db_default="",
                default="",
                help_text="What the caller sent as X-Request-ID: proves nothing.",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="auditentry",
            name="request_id",
            field=models.CharField(default="", help_text="Ours, made for each request.", max_length=64),
        ),
        migrations.AddField(
            model_name="staffrole",
            name="role_since",
            field=models.DateTimeField(
                editable=False,
                help_text="Since when it is this role; empty: since before that was kept.",
                null=True,
            ),
        ),
    ]

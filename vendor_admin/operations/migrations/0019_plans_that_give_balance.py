from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0018_notice_of_hosts")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="gives_balance",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Whether it makes accounts that start with a balance."
            ),
        ),
    ]

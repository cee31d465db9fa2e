from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0020_notice_of_many_absent")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="compared_at",
            field=models.DateTimeField(
                help_text="Of when that is which its rows were last compared with: mirrors, or a reading.", null=True
            ),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0015_audit_and_terms"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="browser_time_zone",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0026_cloud_user"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="browser_language",
            field=models.CharField(blank=True, db_default="", default="", max_length=5),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("machines", "0010_copies")]

    operations = [
        migrations.AddField("machine", "full_tries", models.PositiveSmallIntegerField(db_default=0, default=0)),
    ]

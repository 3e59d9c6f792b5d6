"""One machine of a name for each person. The version before leaves the key empty, so what it writes meanwhile never stumbles over it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("machines", "0013_name_key")]

    operations = [
        migrations.AddConstraint(
            model_name="machine",
            constraint=models.UniqueConstraint(
                fields=["owner", "name_key"], condition=~models.Q(wanted="gone"), name="machine_name_once_per_person"
            ),
        ),
    ]

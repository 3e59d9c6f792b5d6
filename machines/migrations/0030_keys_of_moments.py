"""Which of the portal's keys is in a kept moment, so that the portal can sign in after its machine went back to it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("machines", "0029_moments")]

    operations = [
        migrations.AddField("diskimage", "portal_key", models.PositiveIntegerField(blank=True, null=True)),
    ]

"""Host keys of guests. Workers of 0.3 write none: what they make is pinned at first contact."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("machines", "0024_held_at")]

    operations = [
        migrations.CreateModel(
            name="HostKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("server_id", models.CharField(max_length=64)),
                ("resets", models.PositiveIntegerField()),
                ("key", models.TextField()),
                ("given", models.BooleanField()),
                ("known_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("refused_key", models.TextField(blank=True, db_default="", default="")),
                (
                    "machine",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="host_keys", to="machines.machine"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("machine", "server_id", "resets"), name="host_key_once_per_disk")
                ]
            },
        )
    ]

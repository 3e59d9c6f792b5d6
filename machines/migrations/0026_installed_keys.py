"""Keys of people in their machines. Workers of 0.3 write none: of what they make it is not known which keys are in it."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_key_file_name"), ("machines", "0025_host_keys")]

    operations = [
        migrations.CreateModel(
            name="InstalledKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("server_id", models.CharField(max_length=64)),
                ("resets", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=60)),
                ("public_key", models.TextField()),
                ("installed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "key",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="installed", to="accounts.sshkey"
                    ),
                ),
                (
                    "machine",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="installed_keys", to="machines.machine"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("machine", "server_id", "resets", "public_key"), name="installed_key_once_per_disk"
                    )
                ]
            },
        )
    ]

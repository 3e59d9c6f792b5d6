"""The portal's own keys in machines, and keys that are put into running ones. Machines from before have none, and workers of 0.3 make none."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("accounts", "0014_key_file_name"),
        ("machines", "0026_installed_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="PortalKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("server_id", models.CharField(blank=True, default="", max_length=64)),
                ("resets", models.PositiveIntegerField(default=0)),
                ("public_key", models.TextField(blank=True, default="")),
                ("sealed_seed", models.TextField(blank=True, default="")),
                ("by_hand", models.BooleanField(default=False)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("put_in_at", models.DateTimeField(blank=True, null=True)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "machine",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="portal_keys", to="machines.machine"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("machine", "number"), name="portal_key_once_per_reset")
                ],
                "indexes": [models.Index(fields=["machine", "server_id", "resets"], name="portal_key_by_disk")],
            },
        ),
        migrations.CreateModel(
            name="KeyChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "verb",
                    models.CharField(choices=[("put_in", "Put In"), ("take_out", "Take Out")], max_length=10),
                ),
                ("name", models.CharField(max_length=60)),
                ("public_key", models.TextField()),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("done", "Done"), ("failed", "Failed")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=20)),
                ("stored_note", models.JSONField(blank=True, default=dict)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="changes",
                        to="accounts.sshkey",
                    ),
                ),
                (
                    "machine",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="key_changes", to="machines.machine"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(state="waiting"), fields=("machine", "public_key"), name="key_change_one_at_a_time"
                    )
                ],
                "indexes": [
                    models.Index(condition=Q(state="waiting"), fields=["next_at"], name="key_change_by_next"),
                    models.Index(fields=["machine", "public_key"], name="key_change_by_key"),
                ],
            },
        ),
    ]

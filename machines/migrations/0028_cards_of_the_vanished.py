"""A machine that vanished stays in its owner's list until they dismiss it. Those of more than 14 days ago had left it already."""

from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F
from django.utils import timezone

SHOWN = timedelta(days=14)  # by 0.4


def dismiss_old(apps: Any, _editor: Any) -> None:
    old = apps.get_model("machines", "Machine").objects.filter(state="gone", gone_at__lte=timezone.now() - SHOWN)
    old.filter(vanished=True, dismissed_at=None).update(dismissed_at=F("gone_at"))


class Migration(migrations.Migration):
    dependencies = [("machines", "0027_portal_keys")]

    operations = [
        migrations.AddField("machine", "dismissed_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField(
            "machine",
            "repair",
            models.CharField(
                blank=True,
                choices=[
                    ("", "None"),
                    ("asked", "Asked"),
                    ("reboot", "Reboot"),
                    ("cycle", "Cycle"),
                    ("used_up", "Used Up"),
                    ("lost", "Lost"),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            "answer",
            "choice",
            models.CharField(
                choices=[
                    ("more", "A little longer"),
                    ("4h", "4 h more"),
                    ("tonight", "Tonight"),
                    ("job", "A long job"),
                    ("sleep", "Sleep now"),
                    ("done", "I am done"),
                    ("keep", "Keep it"),
                ],
                max_length=8,
            ),
        ),
        migrations.RunPython(dismiss_old, migrations.RunPython.noop),
    ]

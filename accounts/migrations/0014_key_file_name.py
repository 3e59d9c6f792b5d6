"""Give pairs that were made here the name of their private half's file. A key of before is known only by the name that it was given then."""

from typing import Any

from django.db import migrations, models

NAMES = ("Made by Minga", "Hecha por Minga", "minga")  # given to a pair whose maker typed none


def name_files(apps: Any, _schema: Any) -> None:
    keys = apps.get_model("accounts", "SshKey")
    newest = keys.objects.filter(name__in=NAMES).order_by("user", "-created_at", "-pk").distinct("user")
    keys.objects.filter(pk__in=list(newest.values_list("pk", flat=True))).update(file_name="minga_key")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_device_sign_in")]

    operations = [
        migrations.AddField("sshkey", "file_name", models.CharField(blank=True, db_default="", default="", max_length=40)),
        migrations.RunPython(name_files, migrations.RunPython.noop),
    ]

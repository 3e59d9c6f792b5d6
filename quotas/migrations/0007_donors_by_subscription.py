"""Donors have room by their subscriptions, no longer by their role. A grant of the role that an administrator changed stays."""

from typing import Any

from django.db import migrations

AS_IT_CAME = {"machines": 2, "vcpus": 4, "ram_mb": 4096, "disk_gb": 20, "ports": 12, "archives": 4, "archive_gb": 40}


def delete(apps: Any, schema_editor: Any) -> None:
    apps.get_model("quotas", "Grant").objects.filter(role="donor", source="role", **AS_IT_CAME).delete()


class Migration(migrations.Migration):
    dependencies = [("quotas", "0006_requests")]

    operations = [migrations.RunPython(delete, migrations.RunPython.noop)]

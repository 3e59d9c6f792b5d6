"""The first plan: each computer brings one machine for a year, half of what a student has (quotas.defaults). Administrators change it."""

from typing import Any

from django.db import migrations

PLAN = {
    "title_en": "One machine", "title_es": "Una máquina", "days": 365,
    "machines": 1, "vcpus": 2, "ram_mb": 2048, "disk_gb": 10, "ports": 6, "archives": 2, "archive_gb": 20,
}  # fmt: skip


def create(apps: Any, schema_editor: Any) -> None:
    plans = apps.get_model("nodes", "Plan").objects
    if not plans.exists():
        plans.create(**PLAN)


class Migration(migrations.Migration):
    dependencies = [("nodes", "0005_subscriptions")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]

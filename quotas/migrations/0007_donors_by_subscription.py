"""Donors have room by their subscriptions, no longer by their role. Who is a donor already keeps what the role gave, as a grant of their own.

A grant of the role that an administrator changed stays.
"""

from typing import Any

from django.db import migrations

AS_IT_CAME = {"machines": 2, "vcpus": 4, "ram_mb": 4096, "disk_gb": 20, "ports": 12, "archives": 4, "archive_gb": 40}
REASON = "What the role donor gave before 0.4"


def move(apps: Any, schema_editor: Any) -> None:
    grants, people = apps.get_model("quotas", "Grant").objects, apps.get_model("accounts", "User").objects
    deleted, _by_model = grants.filter(role="donor", source="role", **AS_IT_CAME).delete()
    if deleted:
        donors = people.filter(roles__contains=["donor"], removed_at=None).iterator(1_000)
        given = (grants.model(user=donor, source="hand", reason=REASON, **AS_IT_CAME) for donor in donors)
        grants.bulk_create(given, batch_size=1_000)


class Migration(migrations.Migration):
    dependencies = [
        ("quotas", "0006_requests"),
        ("accounts", "0028_donors"),
    ]

    operations = [migrations.RunPython(move, migrations.RunPython.noop)]

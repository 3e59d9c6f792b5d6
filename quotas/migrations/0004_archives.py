"""Two measures more: how many archives, and their gigabytes. Who has a grant already gets twice what it says of machines and disk."""

from typing import Any

from django.db import migrations, models
from django.db.models import F


def give_room(apps: Any, schema_editor: Any) -> None:
    """Said again, it changes nothing: only grants without any archives are filled in."""
    grants = apps.get_model("quotas", "Grant").objects.filter(archives=0, archive_gb=0)
    grants.update(archives=2 * F("machines"), archive_gb=2 * F("disk_gb"))


def _amount() -> models.PositiveIntegerField:
    return models.PositiveIntegerField(default=0, db_default=0)


class Migration(migrations.Migration):
    dependencies = [("quotas", "0003_allowance_tenant")]

    operations = [
        migrations.AddField(model_name="grant", name="archives", field=_amount()),
        migrations.AddField(model_name="grant", name="archive_gb", field=_amount()),
        migrations.AddField(model_name="reservation", name="archives", field=_amount()),
        migrations.AddField(model_name="reservation", name="archive_gb", field=_amount()),
        migrations.RunPython(give_room, migrations.RunPython.noop),
    ]

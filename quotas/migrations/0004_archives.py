"""Two measures more: how many archives, and their gigabytes. Who has a grant already gets twice what it says of machines and disk."""

from typing import Any

from django.db import migrations, models
from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Cast, Least

MOST = 2**31 - 1  # what a column holds; who means "without a limit" may have written it


def give_room(apps: Any, schema_editor: Any) -> None:
    """Fill in the grants that have no archives yet, so that it may be run again."""
    grants = apps.get_model("quotas", "Grant").objects.filter(archives=0, archive_gb=0)
    grants.update(archives=_twice("machines"), archive_gb=_twice("disk_gb"))


def _twice(measure: str) -> Least:
    return Least(2 * Cast(F(measure), BigIntegerField()), Value(MOST))


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

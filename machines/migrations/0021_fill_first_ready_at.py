"""When the launches of the past ended: ready_at was written anew by each restore from an archive."""

from typing import Any

from django.db import migrations
from django.db.models import Exists, F, OuterRef, Subquery
from django.db.models.functions import Coalesce


def fill(apps: Any, schema_editor: Any) -> None:
    """By the history, which is kept for ever. What was adopted never left the state "new": its launch took no time and is not counted."""
    machines = apps.get_model("machines", "Machine").objects.filter(first_ready_at=None)
    moves = apps.get_model("machines", "Event").objects.filter(machine=OuterRef("pk"), kind="moved")
    first = moves.filter(to_state="running").order_by("at").values("at")[:1]
    is_launched = Exists(moves.filter(from_state="new"))
    machines.filter(is_launched).update(first_ready_at=Coalesce(Subquery(first), F("ready_at")))
    machines.filter(~is_launched, ready_at__isnull=False).update(first_ready_at=F("created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0020_first_ready_at'),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]

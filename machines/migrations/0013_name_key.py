"""Names of a person's machines become unique: of those with equal names the oldest keeps it, the others are numbered."""

import unicodedata
from typing import Any

from django.db import migrations, models

LONGEST = 60
RENAMED = "Renamed from “%(old)s” to “%(new)s”."


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def number_equal_names(apps: Any, schema_editor: Any) -> None:
    """Said again, it changes nothing. A new name is told to the cloud as after a rename."""
    machines = apps.get_model("machines", "Machine").objects
    living = machines.exclude(state="gone").exclude(wanted="gone").order_by("owner_id", "created_at", "pk")
    keys: dict[int, set[str]] = {}
    for machine in living.iterator():
        keys.setdefault(machine.owner_id, set()).add(_key(machine.name))
    given: dict[int, set[str]] = {}
    for machine in living.iterator():
        old, mine = machine.name, given.setdefault(machine.owner_id, set())
        if _key(old) in mine:
            machine.name = _free(old, keys[machine.owner_id] | mine)
            machine.names_asked += 1
            note = {"text": RENAMED, "args": {"old": old, "new": machine.name}, "plural": ""}
            machine.events.create(kind="noted", from_state=machine.state, to_state=machine.state, stored_note=note)
        mine.add(_key(machine.name))
        facts = {"name": machine.name, "name_key": _key(machine.name), "names_asked": machine.names_asked}
        machines.filter(pk=machine.pk).update(**facts)


def _free(name: str, taken: set[str]) -> str:
    tries = (name[: LONGEST - len(suffix)] + suffix for suffix in (f"-{n}" for n in range(2, len(taken) + 3)))
    return next(one for one in tries if _key(one) not in taken)


class Migration(migrations.Migration):
    dependencies = [("machines", "0012_archive_shares")]

    operations = [
        migrations.AddField(model_name="machine", name="name_key", field=models.TextField(null=True, blank=True)),
        migrations.RunPython(number_equal_names, migrations.RunPython.noop),
    ]

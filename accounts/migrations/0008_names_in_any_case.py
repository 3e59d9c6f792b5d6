from collections import defaultdict
from typing import Any
from unicodedata import normalize

import django.db.models.functions.text
from django.db import migrations, models

import accounts.models


class NamesClash(Exception):
    """Two people have names that differ only in case or in the form of a letter."""


def name_clashes(apps: Any, _schema: Any) -> None:
    """Stop with every clash there is: which of two people keeps a name, only somebody who knows them can say."""
    same = defaultdict(list)
    for name in apps.get_model("accounts", "User").objects.order_by("pk").values_list("username", flat=True):
        same[normalize("NFKC", name).lower()].append(name)
    clashes = "; ".join(" and ".join(names) for names in same.values() if len(names) > 1)
    if clashes:
        raise NamesClash(
            f"These names differ only in capital letters or in the form of a letter, and lock each other out: {clashes}. "
            "Rename all but one of each with: manage.py rename_user OLD NEW. Then start the upgrade again."
        )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_proven_addresses")]

    operations = [
        migrations.AlterModelManagers(name="user", managers=[]),
        migrations.RunPython(name_clashes, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower(accounts.models.Nfkc("username")),
                name="user_name_once_in_any_case",
                violation_error_message="This name is taken. Capital letters make no difference.",
            ),
        ),
    ]

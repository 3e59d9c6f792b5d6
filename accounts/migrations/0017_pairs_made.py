"""Count the pairs of keys that were made for each person, so that no file name comes twice."""

import re
from typing import Any

from django.db import migrations, models


def count_pairs(apps: Any, _schema: Any) -> None:
    users, keys = apps.get_model("accounts", "User"), apps.get_model("accounts", "SshKey")
    highest: dict[int, int] = {}
    for user, name in keys.objects.exclude(file_name="").values_list("user", "file_name"):
        number = int((re.search(r"_(\d+)$", name) or ["", "1"])[1])
        highest[user] = max(highest.get(user, 0), number)
    for user, number in highest.items():
        users.objects.filter(pk=user).update(pairs_made=number)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_browser_time_zone")]

    operations = [
        migrations.AddField("user", "pairs_made", models.PositiveIntegerField(db_default=0, default=0)),
        migrations.RunPython(count_pairs, migrations.RunPython.noop),
    ]

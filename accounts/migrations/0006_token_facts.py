from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.utils import timezone


def end_some_day(apps: Any, _schema: Any) -> None:
    """Tokens from before had no end: they get the same 90 days as a new one."""
    tokens = apps.get_model("knox", "AuthToken").objects.filter(expiry=None)
    tokens.update(expiry=timezone.now() + timedelta(days=90))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_sign_in_limits"), ("knox", "0009_extend_authtoken_field")]

    operations = [
        migrations.CreateModel(
            name="TokenFacts",
            fields=[
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="facts",
                        serialize=False, to="knox.authtoken",
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=60)),
                ("used_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.RunPython(end_some_day, migrations.RunPython.noop),
    ]  # fmt: skip

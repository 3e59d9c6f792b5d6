import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0025_outside_account"),
    ]

    operations = [
        migrations.CreateModel(
            name="CloudUser",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, unique=True)),
                ("subject", models.CharField(blank=True, default="", max_length=64)),
                ("sealed_password", models.TextField(blank=True, default="")),
                ("is_enabled", models.BooleanField(default=True)),
                ("refused", models.CharField(blank=True, default="", max_length=300)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("claimed_until", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cloud_user",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["checked_at"], name="cloud_user_by_check")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("subject", ""), _negated=True), fields=("subject",), name="cloud_user_once"
                    )
                ],
            },
        ),
    ]

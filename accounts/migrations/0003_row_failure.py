import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_signin")]

    operations = [
        migrations.CreateModel(
            name="RowFailure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("loop", models.CharField(max_length=20)),
                ("key", models.CharField(max_length=64)),
                ("holder", models.UUIDField(blank=True, null=True)),
                ("fails", models.PositiveIntegerField(default=1)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
                ("first_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["-fails", "first_at", "pk"],
                "indexes": [models.Index(fields=["next_at"], name="row_failure_by_next")],
                "constraints": [
                    models.UniqueConstraint(fields=("loop", "key"), name="row_failure_once_per_row")
                ],
            },
        ),
    ]

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0024_signed_up_at"),
    ]

    operations = [
        migrations.AlterField(
            model_name="signintotal",
            name="kind",
            field=models.CharField(max_length=80, primary_key=True, serialize=False),
        ),
        migrations.CreateModel(
            name="OutsideAccount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("way", models.CharField(max_length=40)),
                ("subject", models.CharField(blank=True, default="", max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("roles", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), default=list, size=None)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("user", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="outside_accounts", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(condition=models.Q(("subject", ""), _negated=True), fields=("way", "subject"), name="outside_account_once"),
                    models.UniqueConstraint(models.F("way"), django.db.models.functions.text.Lower("name"), name="outside_account_name_once"),
                    models.UniqueConstraint(fields=("user", "way"), name="outside_account_once_per_person"),
                ],
            },
        ),
    ]

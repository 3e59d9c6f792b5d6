"""Grants may come of a course, a donation or a subscription. Versions before this one wrote the first two sources only."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("quotas", "0004_archives")]

    operations = [
        migrations.AlterField(
            model_name="grant",
            name="source",
            field=models.CharField(
                max_length=12,
                choices=[
                    ("role", "What everybody of the role has"),
                    ("hand", "Given by an administrator"),
                    ("course", "What everybody of a course has"),
                    ("donation", "Given for a donated computer"),
                    ("subscription", "Part of a subscription"),
                ],
                default="hand",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=Q(source__in=["role", "hand", "course", "donation", "subscription"]), name="grant_source_known"
            ),
        ),
    ]

"""Kept moments: images of a machine's disk to which its owner may go back."""

from django.db import migrations, models
from django.db.models import Q

KINDS = ["archive", "spent", "download", "moment"]


class Migration(migrations.Migration):
    dependencies = [("machines", "0028_cards_of_the_vanished")]

    operations = [
        migrations.AlterField(
            "diskimage", "kind", models.CharField(choices=[(kind, kind.capitalize()) for kind in KINDS], max_length=8)
        ),
        migrations.AddField("diskimage", "number", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField(
            "diskimage", "title", models.CharField(blank=True, db_default="", default="", max_length=60)
        ),
        migrations.AddField("diskimage", "resets", models.PositiveIntegerField(blank=True, null=True)),
        migrations.AddField("diskimage", "restores", models.PositiveIntegerField(blank=True, null=True)),
        migrations.RemoveConstraint("diskimage", "copy_kind_known"),
        migrations.AddConstraint(
            "diskimage", models.CheckConstraint(condition=Q(kind__in=KINDS), name="copy_kind_known")
        ),
        migrations.AddConstraint(
            "diskimage",
            models.UniqueConstraint(
                fields=["machine", "number"], condition=Q(kind="moment"), name="copy_moment_once_per_number"
            ),
        ),
        migrations.AddConstraint(
            "diskimage",
            models.UniqueConstraint(
                fields=["machine"],
                condition=Q(kind="moment", state="due", expires_at=None),
                name="copy_one_moment_in_the_making",
            ),
        ),
    ]

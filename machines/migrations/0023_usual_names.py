"""Models and fields get the usual names. Tables and columns keep theirs: workers of 0.3 go on while an upgrade runs."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("machines", "0022_deliveries_become_notices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameModel("Ask", "Question"),
                migrations.AlterModelTable("Question", "machines_ask"),
                migrations.RenameModel("Copy", "DiskImage"),
                migrations.AlterModelTable("DiskImage", "machines_copy"),
                migrations.RenameModel("Watch", "CloudWatch"),
                migrations.AlterModelTable("CloudWatch", "machines_watch"),
                migrations.RenameField("Machine", "unheard", "cloud_errors"),
                migrations.AlterField(
                    "Machine", "cloud_errors", models.PositiveIntegerField(default=0, db_column="unheard")
                ),
                migrations.RenameField("Machine", "rung_at", "enqueued_at"),
                migrations.AlterField(
                    "Machine", "enqueued_at", models.DateTimeField(null=True, blank=True, db_column="rung_at")
                ),
            ]
        )
    ]

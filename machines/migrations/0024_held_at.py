"""What a restore holds is said by a column. A restore adds the columns itself before this migration runs, so they may be there."""

from django.db import migrations, models

ADD = """
ALTER TABLE machines_machine ADD COLUMN IF NOT EXISTS held_at timestamp with time zone NULL;
ALTER TABLE machines_watch ADD COLUMN IF NOT EXISTS held_at timestamp with time zone NULL;
"""
DROP = """
ALTER TABLE machines_machine DROP COLUMN held_at;
ALTER TABLE machines_watch DROP COLUMN held_at;
"""
# Until 0.3 a claim of a century said that a row is held. It stays, since workers of 0.3 go on while an upgrade runs.
TAKE_OVER = """
UPDATE machines_machine SET held_at = now() WHERE held_at IS NULL AND claimed_until > now() + interval '365 days';
UPDATE machines_watch SET held_at = now() WHERE held_at IS NULL AND claimed_until > now() + interval '365 days';
"""


class Migration(migrations.Migration):
    dependencies = [("machines", "0023_usual_names")]

    operations = [
        migrations.RunSQL(
            ADD,
            DROP,
            state_operations=[
                migrations.AddField("Machine", "held_at", models.DateTimeField(null=True, blank=True)),
                migrations.AddField("CloudWatch", "held_at", models.DateTimeField(null=True, blank=True)),
            ],
        ),
        migrations.RunSQL(TAKE_OVER, migrations.RunSQL.noop),
    ]

"""What became of each channel of the questions of the last half year, as the outbox of accounts keeps it (docs/adr/0070).

What is still on its way stays: workers of 0.3 deliver it until they are replaced, then machines.overlap takes it over.
"""

from django.db import migrations

COPY = """
INSERT INTO accounts_notice (recipient_id, kind, about, holder, arguments, channel, state, attempts, created_at, delivered_at, fault)
SELECT m.owner_id, 'idle.' || a.kind, 'ask:' || a.id, m.id, '{}', d.channel,
       CASE d.state WHEN 'sent' THEN 'delivered' WHEN 'due' THEN 'cancelled' ELSE d.state END,
       d.attempts, a.asked_at, CASE d.state WHEN 'sent' THEN coalesce(d.sent_at, a.asked_at) END, d.fault
FROM machines_delivery d JOIN machines_ask a ON a.id = d.ask_id JOIN machines_machine m ON m.id = a.machine_id
WHERE a.asked_at > now() - interval '180 days' AND NOT (d.state = 'due' AND a.closed_at IS NULL)
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [
        ("machines", "0021_fill_first_ready_at"),
        ("accounts", "0012_notices"),
    ]

    operations = [migrations.RunSQL(COPY, migrations.RunSQL.noop)]

from django.db import migrations

# What 0.2.0 wrote as the note of a machine whose server was deleted on the cluster: its code decided by this sentence.
NOTE = "It no longer exists on the cluster: somebody deleted it there."


def mark(apps, schema_editor):
    machines = apps.get_model("machines", "Machine").objects
    machines.filter(state="gone", vanished=False, state_note__text=NOTE).update(vanished=True)


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0016_vanished'),
    ]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop)]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0017_mark_vanished'),
    ]

    operations = [
        migrations.AddField(
            model_name='machine',
            name='refused',
            field=models.CharField(blank=True, choices=[('', 'None'), ('suspend', 'Suspend'), ('archive', 'Archive'), ('reset', 'Reset'), ('rescue', 'Rescue'), ('move', 'Move')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='machine',
            name='refused_note',
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]

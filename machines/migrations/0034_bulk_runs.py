"""Make the runs of one verb for many machines."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0030_keys_of_moments'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('verb', models.CharField(max_length=20)),
                ('state', models.CharField(choices=[('preview', 'Preview'), ('running', 'Running'), ('done', 'Done')], default='preview', max_length=10)),
                ('chosen', models.PositiveIntegerField()),
                ('left', models.JSONField(default=dict)),
                ('query', models.CharField(blank=True, default='', max_length=600)),
                ('until', models.DateTimeField(null=True)),
                ('address', models.GenericIPAddressField(null=True)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='BulkItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('waiting', 'Waiting'), ('done', 'Done'), ('refused', 'Refused')], default='waiting', max_length=10)),
                ('stored_note', models.JSONField(blank=True, default=dict)),
                ('machine', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='machines.machine')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='machines.bulkrun')),
            ],
        ),
        migrations.AddIndex(
            model_name='bulkrun',
            index=models.Index(condition=models.Q(('state', 'running')), fields=['at'], name='bulk_run_under_way'),
        ),
        migrations.AddIndex(
            model_name='bulkrun',
            index=models.Index(fields=['at'], name='bulk_run_by_time'),
        ),
        migrations.AddConstraint(
            model_name='bulkrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['preview', 'running', 'done'])), name='bulk_run_state_known'),
        ),
        migrations.AddIndex(
            model_name='bulkitem',
            index=models.Index(condition=models.Q(('outcome', 'waiting')), fields=['run', 'id'], name='bulk_item_waiting'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.UniqueConstraint(fields=('run', 'machine'), name='bulk_item_once_per_run'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['waiting', 'done', 'refused'])), name='bulk_item_outcome_known'),
        ),
    ]

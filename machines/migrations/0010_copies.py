import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0009_idle'),
    ]

    operations = [
        migrations.AddField(
            model_name='machine',
            name='archive_name',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.CreateModel(
            name='Copy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('archive', 'Archive'), ('spent', 'Spent'), ('download', 'Download')], max_length=8)),
                ('state', models.CharField(choices=[('due', 'Due'), ('ready', 'Ready'), ('failed', 'Failed'), ('over', 'Over')], default='due', max_length=8)),
                ('name', models.CharField(blank=True, default='', max_length=100)),
                ('server_id', models.CharField(blank=True, default='', max_length=64)),
                ('image_id', models.CharField(blank=True, default='', max_length=64)),
                ('borrowed', models.BooleanField(default=False)),
                ('size_bytes', models.BigIntegerField(default=0)),
                ('disk_format', models.CharField(blank=True, default='', max_length=20)),
                ('stored_note', models.JSONField(blank=True, default=dict)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ready_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('machine', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='copies', to='machines.machine')),
            ],
            options={
                'ordering': ['-asked_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'due')), fields=['next_at'], name='copy_due'), models.Index(fields=['machine', '-asked_at'], name='copy_by_machine')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['archive', 'spent', 'download'])), name='copy_kind_known'), models.CheckConstraint(condition=models.Q(('state__in', ['due', 'ready', 'failed', 'over'])), name='copy_state_known'), models.UniqueConstraint(condition=models.Q(('kind__in', ['archive', 'download']), ('state__in', ['due', 'ready'])), fields=('machine', 'kind'), name='copy_one_of_a_kind')],
            },
        ),
    ]

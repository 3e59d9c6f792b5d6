import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tunnels', '0007_dials'),
    ]

    operations = [
        migrations.CreateModel(
            name='SshTarget',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('holder', models.UUIDField(unique=True)),
                ('host', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('gateway', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ssh_targets', to='tunnels.gateway')),
            ],
        ),
        migrations.AlterField(
            model_name='dial',
            name='tunnel',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='dials', to='tunnels.tunnel'),
        ),
        migrations.AddField(
            model_name='dial',
            name='ssh',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='dials', to='tunnels.sshtarget'),
        ),
        migrations.AddConstraint(
            model_name='dial',
            constraint=models.CheckConstraint(condition=models.Q(('tunnel__isnull', False), ('ssh__isnull', False), _connector='XOR'), name='dial_one_target'),
        ),
    ]

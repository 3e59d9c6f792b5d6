import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tunnels', '0006_quiet'),
    ]

    operations = [
        migrations.CreateModel(
            name='Dial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('expires_at', models.DateTimeField()),
                ('agent_at', models.DateTimeField(blank=True, null=True)),
                ('asker_at', models.DateTimeField(blank=True, null=True)),
                ('tunnel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dials', to='tunnels.tunnel')),
            ],
            options={
                'indexes': [models.Index(fields=['expires_at'], name='dial_by_end')],
            },
        ),
    ]

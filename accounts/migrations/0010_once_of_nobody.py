import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_api_writes'),
    ]

    operations = [
        migrations.AlterField(
            model_name='oncekey',
            name='user',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='once_keys', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='oncekey',
            constraint=models.UniqueConstraint(condition=models.Q(('user', None)), fields=('key_hash',), name='once_key_once_of_nobody'),
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tunnels', '0005_mishaps_and_rest'),
    ]

    operations = [
        migrations.AddField(
            model_name='tunnel',
            name='quiet',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]

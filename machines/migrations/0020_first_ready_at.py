from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0019_setup'),
    ]

    operations = [
        migrations.AddField(
            model_name='machine',
            name='first_ready_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

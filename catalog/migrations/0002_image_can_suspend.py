from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='image',
            name='can_suspend',
            field=models.BooleanField(default=True),
        ),
    ]

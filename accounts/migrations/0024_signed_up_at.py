from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0023_browser_session'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='signed_up_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

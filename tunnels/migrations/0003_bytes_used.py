from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tunnels", "0002_held"),
    ]

    operations = [
        migrations.AddField(
            model_name="tunnel",
            name="bytes_used",
            field=models.BigIntegerField(default=0),
        ),
    ]

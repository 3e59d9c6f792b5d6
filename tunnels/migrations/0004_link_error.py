from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("tunnels", "0003_bytes_used"),
    ]

    operations = [
        migrations.AddField(
            model_name="gateway",
            name="link_error",
            field=models.CharField(blank=True, max_length=16, null=True),
        ),
    ]

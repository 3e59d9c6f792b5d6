from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_image_can_suspend")]

    operations = [
        migrations.AddField("image", "ready", models.BooleanField(db_default=True, default=True)),
        migrations.AddField("image", "status", models.CharField(blank=True, db_default="", default="", max_length=40)),
        migrations.AddField("image", "min_ram_mb", models.PositiveIntegerField(db_default=0, default=0)),
        migrations.AddField("image", "min_disk_gb", models.PositiveIntegerField(db_default=0, default=0)),
        migrations.AddField("image", "size_bytes", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("image", "checksum", models.CharField(blank=True, db_default="", default="", max_length=160)),
        migrations.AddField("image", "disk_format", models.CharField(blank=True, db_default="", default="", max_length=20)),
        migrations.AddField("flavor", "root_gb", models.PositiveIntegerField(blank=True, null=True)),
    ]

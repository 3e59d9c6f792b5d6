from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('machines', '0018_refused'),
    ]

    operations = [
        migrations.AddField(
            model_name='machine',
            name='setup',
            field=models.CharField(blank=True, choices=[('', 'None'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('overdue', 'Overdue')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='machine',
            name='setup_line',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AddField(
            model_name='machine',
            name='setup_fault',
            field=models.CharField(blank=True, db_default='', default='', max_length=200),
        ),
        migrations.AddField(
            model_name='machine',
            name='setup_since',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='machine',
            name='setup_next_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='machine',
            name='setup_seen',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddIndex(
            model_name='machine',
            index=models.Index(condition=models.Q(('setup_next_at__isnull', False)), fields=['setup_next_at'], name='machine_setup_by_next_look'),
        ),
    ]

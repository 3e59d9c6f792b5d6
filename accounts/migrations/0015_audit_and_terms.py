"""Make the audit log, whose rows a trigger keeps as they are (ADR 92), and the terms of use."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# 90 days: ADDRESS_DAYS of accounts.audit.trail. No row younger than that is ever deleted, whatever the setting says.
KEEP = """
CREATE OR REPLACE FUNCTION audit_row_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.at < now() - make_interval(days => greatest(90, coalesce(nullif(current_setting('minga.audit_days', true), ''), '36500')::int)) THEN
      RETURN OLD;
    END IF;
  ELSIF OLD.at < now() - interval '90 days' AND NEW.address IS NULL AND to_jsonb(NEW) - 'address' = to_jsonb(OLD) - 'address' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'the audit log is append-only: % of row %', TG_OP, OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_row_stays BEFORE UPDATE OR DELETE ON accounts_auditrow FOR EACH ROW EXECUTE FUNCTION audit_row_stays();
CREATE INDEX audit_by_name ON accounts_auditrow (upper(name) text_pattern_ops);
"""
UNDO = """
DROP TRIGGER audit_row_stays ON accounts_auditrow;
DROP FUNCTION audit_row_stays();
DROP INDEX audit_by_name;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0014_key_file_name'),
    ]

    operations = [
        migrations.CreateModel(
            name='Terms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True)),
                ('text_en', models.TextField(blank=True, default='')),
                ('text_es', models.TextField(blank=True, default='')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='TermsAcceptance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('terms', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='acceptances', to='accounts.terms')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='terms_accepted', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AuditRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('verb', models.CharField(max_length=40)),
                ('kind', models.CharField(max_length=20)),
                ('object_id', models.CharField(blank=True, default='', max_length=64)),
                ('name', models.CharField(blank=True, default='', max_length=200)),
                ('address', models.GenericIPAddressField(null=True)),
                ('detail', models.JSONField(default=dict)),
                ('who', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('whom', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(models.F('who'), models.OrderBy(models.F('id'), descending=True), name='audit_by_who'), models.Index(models.F('whom'), models.OrderBy(models.F('id'), descending=True), name='audit_by_whom'), models.Index(models.F('verb'), models.OrderBy(models.F('id'), descending=True), name='audit_by_verb'), models.Index(models.F('kind'), models.F('object_id'), models.OrderBy(models.F('id'), descending=True), name='audit_by_object'), models.Index(models.F('at'), name='audit_by_time'), models.Index(models.F('at'), condition=models.Q(('address__isnull', False)), name='audit_with_address')],
            },
        ),
        migrations.AddConstraint(
            model_name='terms',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('text_en', ''), ('text_es', '')), models.Q(('text_en', ''), ('text_es', ''), _connector='OR', _negated=True), _connector='OR'), name='terms_in_both_languages'),
        ),
        migrations.AddConstraint(
            model_name='termsacceptance',
            constraint=models.UniqueConstraint(fields=('user', 'terms'), name='terms_accepted_once'),
        ),
        migrations.RunSQL(KEEP, UNDO),
    ]

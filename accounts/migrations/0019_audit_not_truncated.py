"""Refuse to empty the audit log at one stroke, too: TRUNCATE asks no trigger of rows (ADR 92)."""

from django.db import migrations

KEEP = """
CREATE FUNCTION audit_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only: %', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_log_stays BEFORE TRUNCATE ON accounts_auditrow FOR EACH STATEMENT EXECUTE FUNCTION audit_log_stays();
"""
UNDO = """
DROP TRIGGER audit_log_stays ON accounts_auditrow;
DROP FUNCTION audit_log_stays();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0018_people'),
    ]

    operations = [
        migrations.RunSQL(KEEP, UNDO),
    ]

"""Roles become a set. The column `role` stays in the database until 0.5: processes of 0.3 run on during the upgrade."""

import accounts.models
import django.contrib.postgres.fields
from django.db import migrations, models

KNOWN = [("student", "Student"), ("teacher", "Teacher"), ("donor", "Donor"), ("admin", "Administrator")]


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0010_once_of_nobody"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="roles",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(choices=KNOWN, max_length=10),
                db_default=["student"],
                default=accounts.models._student_only,
                size=None,
            ),
        ),
        # With a default in the database either version can add a person.
        migrations.RunSQL(
            [
                "UPDATE accounts_user SET roles = ARRAY[role]",
                "ALTER TABLE accounts_user ALTER role SET DEFAULT 'student'",
            ],
            [
                "UPDATE accounts_user SET role = CASE WHEN 'admin' = ANY(roles) THEN 'admin' WHEN 'teacher' = ANY(roles) THEN 'teacher'"
                " ELSE roles[1] END",
                "ALTER TABLE accounts_user ALTER role DROP DEFAULT",
            ],
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(model_name="user", name="user_role_known"),
                migrations.RemoveField(model_name="user", name="role"),
            ],
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(roles__contained_by=["student", "teacher", "donor", "admin"]), name="user_roles_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(condition=models.Q(roles__len__gt=0), name="user_has_a_role"),
        ),
    ]

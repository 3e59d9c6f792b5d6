"""manage.py people, with the verbs of the page."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.cloud_users import asking
from accounts.models import AuditRow, CloudUser, Notice, User
from quotas.models import Grant
from tests.factories import make_machine


def run(*words: str) -> str:
    out = StringIO()
    call_command("people", *words, stdout=out, stderr=out)
    return out.getvalue()


def test_an_account_from_its_beginning_to_its_end(db: None, admin: User) -> None:
    run("create", "ana", "--name", "=Ana Núñez", "--email", "ana@example.org", "--roles", "teacher", "--invite")
    assert Notice.objects.count() == 1
    assert "ana,'=Ana Núñez,ana@example.org,teacher,False," in run("list", "--search", "nunez")
    run("roles", "ana", "student,donor")
    run("block", "ana")
    assert User.objects.get(username="ana").is_active is False
    run("unblock", "ana")
    run("remove", "ana")
    assert not User.objects.filter(username="ana").exists()
    assert set(AuditRow.objects.values_list("who", flat=True)) == {None}


def test_a_list_is_imported_after_a_look(db: None, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes("nombre;correo\nAna Núñez;ana@example.org\n".encode("cp1252"))
    assert "2,new,ana,Ana Núñez" in run("import", str(file), "--dry-run")
    assert not User.objects.exists()
    refused = tmp_path / "refused.csv"
    refused.write_text("usuario;nombre\na b;Ana Núñez\n")
    assert "2,bad,a b,Ana Núñez" in run("import", str(refused), "--dry-run")
    run("import", str(file), "--no-mail")
    assert (User.objects.get().get_full_name(), Notice.objects.count()) == ("Ana Núñez", 0)


def test_who_came_last_long_ago_is_listed(student: User, teacher: User) -> None:
    User.objects.filter(pk=teacher.pk).update(last_login="2027-03-01T00:00Z")
    assert "teacher," not in run("list", "--last-sign-in-before", "2027-02-28")
    assert "student," in run("list", "--last-sign-in-before", "2027-02-28")
    assert "teacher," in run("list", "--last-sign-in-before", "2027-03-03")


def test_somebody_is_shown_with_machines_quota_and_what_was_given(student: User) -> None:
    machine = make_machine(student, name="condor")
    call_command("grant", "student", "--machines", "1", "--from", "2099-03-01", "--days", "90", "--reason", "thesis")
    given = Grant.objects.get(reason="thesis")
    assert given.ends_at == given.starts_at + timedelta(days=90)
    said = run("show", "student")
    lines = (
        "roles: student",
        f"machine {machine.pk} condor: Running",
        "Machines: 1 of ",
        f"grant {given.pk}: 1 machine; 2099-0",
    )
    assert [line for line in lines if line not in said] == []
    run("end-grant", "student", str(given.pk))
    assert "thesis" not in run("show", "student")


@pytest.mark.parametrize(
    "words",
    [
        ("block", "admin"),
        ("end-grant", "admin", "7"),
        ("list", "--last-sign-in-before", "spring"),
        ("block", "nobody"),
        ("import", "/no/such"),
        ("create", "a b"),
        ("roles", "admin", "king"),
    ],
)
def test_what_is_refused_is_a_sentence(admin: User, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)


def test_an_account_of_horizon_is_ended(db: None, student: User, settings: Any) -> None:
    settings.KEYSTONE_USERS_FOR_STUDENTS = True
    asking.ask(person=student)
    settings.KEYSTONE_USERS_FOR_STUDENTS = False
    run("end-horizon", "student")
    assert CloudUser.objects.get().ended_at
    assert AuditRow.objects.get(verb="end_cloud_user").who is None
    with pytest.raises(CommandError, match="is being deleted already"):
        run("end-horizon", "student")


def test_where_there_is_no_account_of_horizon_that_is_said(db: None, student: User) -> None:
    with pytest.raises(CommandError, match="No Horizon account was made for student here"):
        run("end-horizon", "student")

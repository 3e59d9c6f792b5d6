"""A name is one person's, however it is typed."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection

from accounts.models import User

migration = import_module("accounts.migrations.0008_names_in_any_case")


@pytest.mark.parametrize("name", ["Student", "STUDENT", "ｓtudent"])
def test_a_second_spelling_of_a_name_is_refused(student: User, name: str) -> None:
    with pytest.raises(IntegrityError):
        User.objects.create(username=name)


@pytest.mark.parametrize("typed", ["Student", "ｓtudent", "STUDENT"])
def test_every_spelling_signs_in(student: User, typed: str) -> None:
    assert authenticate(username=typed, password="minga") == student


@pytest.mark.parametrize(("typed", "who"), [("iris", "iris"), ("ırıs", "ırıs"), ("IRIS", "iris")])
def test_of_two_names_with_the_same_capitals_the_more_exact_one_signs_in(typed: str, who: str, db: None) -> None:
    """No constraint forbids them: "ı" without its dot is a letter of its own, and has the capital of "i"."""
    for name in ("iris", "ırıs"):
        User.objects.create_user(username=name, password=name)
    assert authenticate(username=typed, password=who) == User.objects.get(username=who)
    assert User.objects.get_by_natural_key(typed).username == who


@pytest.mark.parametrize("typed", ["Student", "student", "STUDENT"])
def test_two_that_an_old_installation_kept_do_not_break_it(student: User, typed: str) -> None:
    constraint = next(c for c in User._meta.constraints if c.name == "user_name_once_in_any_case")
    with connection.schema_editor() as editor:
        editor.remove_constraint(User, constraint)
    User.objects.create_user(username="Student", password="other")
    assert User.objects.get_by_natural_key(typed).username == {"Student": "Student"}.get(typed, "student")
    assert authenticate(username="Student", password="other")


def test_the_upgrade_names_the_clashes_it_finds(student: User) -> None:
    constraint = next(c for c in User._meta.constraints if c.name == "user_name_once_in_any_case")
    with connection.schema_editor() as editor:
        editor.remove_constraint(User, constraint)
    User.objects.create(username="Student")
    with pytest.raises(migration.NamesClash, match=r"student and Student.*rename_user"):
        migration.name_clashes(apps, None)


def test_an_administrator_gives_another_name(student: User) -> None:
    call_command("rename_user", "student", "ana")
    assert authenticate(username="ana", password="minga") == student


@pytest.mark.parametrize("new", ["Student2", "a b", "x" * 151, "import", "manage.py"])
def test_a_name_that_cannot_be_is_refused(student: User, student2: User, new: str) -> None:
    with pytest.raises(CommandError):
        call_command("rename_user", "student", new)

"""The effect of each line of a list: new, known or bad; and that nobody is created twice."""

import threading
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import connection

from accounts import people_import
from accounts.models import AuditRow, Notice, User
from accounts.people_csv import Line, read
from accounts.people_import import Status, carry_out, plan

LIST = "name;email\nMaría José Chimbo;mj@example.org\nAndrés Núñez;an@example.org\n"


def planned(text: str) -> list[tuple[str, str]]:
    return [(line.status.value, line.username) for line in plan(read(text).lines).lines]


def why(text: str) -> str:
    line = plan(read(text).lines).lines[-1]
    assert line.status == Status.BAD
    return str(line.why)


def bring_in(text: str = LIST, **options: Any) -> dict[str, int]:
    return carry_out(read(text).lines, by=None, roles=["student"], **options).counts


def test_new_people_get_a_username_of_their_address(db: None) -> None:
    assert planned(LIST) == [("new", "mj"), ("new", "an")]


def test_a_taken_username_gets_a_number(db: None) -> None:
    User.objects.create(username="MJ")
    assert planned("mj@example.org\nmj@example.com") == [("new", "mj2"), ("new", "mj3")]
    assert planned("mj@example.org\nother@example.org\nother@example.com") == [
        ("new", "mj2"),
        ("new", "other"),
        ("new", "other2"),
    ]


def test_whoever_is_here_stays_as_they_are(student: User) -> None:
    assert planned("Somebody else;STUDENT@Example.org") == [("known", "student")]
    bring_in("Somebody else;STUDENT@Example.org")
    assert User.objects.get().get_full_name() == ""


def test_a_username_without_an_address_is_known_too(student: User) -> None:
    assert planned("usuario;nombre\nStudent;Ana\nluz;Luz") == [("known", "student"), ("new", "luz")]


def test_a_bad_line_stands_in_no_other_s_way(student: User) -> None:
    assert planned("usuario;correo\nStudent;luz@example.org\nluz;luz@example.org") == [("bad", ""), ("new", "luz")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Íñigo;ilarrea@ejemplo", "not an e-mail address"), ("name;email\nAna;", "There is no e-mail"),
        ("Ana;a@example.org\nOther;A@EXAMPLE.org", "line 1"), ("=HYPERLINK(1);a@example.org", "formula"),
        ("usuario;correo\nstudent;new@example.org", "taken"), ("usuario;correo\na b;new@example.org", "username"),
        ("An\u202ena;a@example.org", "hidden marks"), (f"{'x ' * 150};a@example.org", "too long"),
    ],
)  # fmt: skip
def test_a_bad_line_says_why(student: User, text: str, words: str) -> None:
    assert words in why(text)


def test_an_address_that_another_has_proven_is_theirs(student: User) -> None:
    EmailAddress.objects.create(user=student, email="second@example.org", verified=True)
    assert "already" in why("Ana;second@example.org")


@pytest.mark.parametrize("name", ["D'Angelo Ñacato", "D’Angelo Ñacato", "Łukasz Peña", "O'Brien"])
def test_names_are_kept_as_they_were_read(db: None, name: str) -> None:
    bring_in(f"{name};a@example.org")
    assert User.objects.get().get_full_name() == name


def test_good_lines_go_in_beside_bad_ones(db: None) -> None:
    assert bring_in(LIST + "Bad;nowhere\n") == {"new": 2, "known": 0, "bad": 1}
    person = User.objects.get(username="an")
    assert (person.roles, person.has_usable_password(), person.email) == (["student"], False, "an@example.org")
    assert EmailAddress.objects.filter(verified=True).count() == Notice.objects.filter(state="due").count() == 2
    assert AuditRow.objects.filter(verb="create_person").count() == 2


def test_without_an_invitation_no_mail_goes_out(db: None) -> None:
    bring_in(invite=False)
    assert (Notice.objects.count(), User.objects.filter(invited_at=None).count()) == (0, 2)


def test_twice_creates_nobody_twice(db: None) -> None:
    assert [bring_in()["new"], bring_in()["new"]] == [2, 0]


@pytest.mark.django_db(transaction=True)
def test_two_administrators_at_once_create_nobody_twice(admin: User) -> None:
    start, created = threading.Barrier(2), []

    def bring() -> None:
        start.wait()
        created.append(carry_out(read(LIST).lines, by=admin, roles=["student"]).counts["new"])
        connection.close()

    threads = [threading.Thread(target=bring) for _twice in range(2)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert (sorted(created), User.objects.exclude(pk=admin.pk).count()) == ([0, 2], 2)


def test_whoever_is_overtaken_creates_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's constraint decides where no administrator's row could be locked."""
    lines = [Line(1, "ana", "Ana", "ana@example.org")]
    ready = plan(lines)
    User.objects.create(username="ANA")
    monkeypatch.setattr(people_import, "plan", lambda _lines: ready)
    with pytest.raises(people_import.Overtaken):
        carry_out(lines, by=None, roles=["student"])
    assert (User.objects.count(), AuditRow.objects.count()) == (1, 0)


def test_5000_lines_cost_few_queries(db: None, django_assert_max_num_queries: Any) -> None:
    lines = [Line(n, "", f"Person {n}", f"p{n}@example.org") for n in range(1, 5001)]
    with django_assert_max_num_queries(3):
        found = plan(lines)
    assert found.counts["new"] == 5000

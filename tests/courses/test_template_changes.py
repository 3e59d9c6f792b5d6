"""A template is its author's, its course's teachers' and the administrators'; what they changed is kept, and retiring taken back."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.actions import BadTemplate, bring_back_template, create_template, edit_template, retire_template
from courses.models import Template
from portal.views.templates import _diff
from tests.api.program import Program
from tests.factories import SERVICES, make_template


@pytest.fixture
def colleague(db: None) -> User:
    return User.objects.create(username="colleague", roles=["teacher"])


@pytest.fixture
def template(teacher: User) -> Template:
    return make_template(created_by=teacher, user_data="#!/bin/sh\nid")


def change(template: Template, by: User) -> None:
    edit_template(template=template, by=by, user_data="#!/bin/sh\nreboot")


@pytest.mark.parametrize("address", ["", "retire/", "bring-back/"])
def test_another_teachers_pages_of_it_are_403(template: Template, colleague: User, address: str) -> None:
    client = Client()
    client.force_login(colleague)
    assert client.post(f"/lab-templates/lab/{address}", {"name": "Mine"}).status_code == 403
    assert "Edit" not in client.get("/lab-templates/").content.decode()


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", ""), ("DELETE", ""), ("POST", "bring-back/"), ("GET", "changes/")]
)
def test_the_api_refuses_another_teacher(template: Template, colleague: User, method: str, path: str) -> None:
    reply = Program(colleague).ask(method, f"templates/lab/{path}", {"name": "Mine"} if method == "PATCH" else None)
    assert (reply.status_code, reply.json()["code"]) == (403, "not_yours")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "bring-back/"), ("GET", "changes/")]
)
@pytest.mark.parametrize("hidden", [{"published": False}, {"retired_at": timezone.now()}], ids=["draft", "retired"])
def test_a_student_cannot_tell_a_hidden_template_from_none(
    template: Template, student: User, hidden: dict[str, Any], method: str, path: str
) -> None:
    Template.objects.update(**hidden)
    replies = [Program(student).ask(method, f"templates/{slug}/{path}") for slug in ("lab", "no-such-lab")]
    assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [(404, "not_found")] * 2


@pytest.mark.parametrize("address", ["", "retire/", "bring-back/"])
def test_nor_can_they_by_its_pages(template: Template, student: User, address: str) -> None:
    Template.objects.update(published=False)
    client = Client()
    client.force_login(student)
    replies = [client.post(f"/lab-templates/{slug}/{address}") for slug in ("lab", "no-such-lab")]
    assert [reply.status_code for reply in replies] == [403, 403]


@pytest.mark.parametrize("published", [True, False])
def test_what_was_retired_comes_back_as_it_was(template: Template, teacher: User, published: bool) -> None:
    edit_template(template=template, by=teacher, published=published)
    retire_template(template=template, by=teacher)
    bring_back_template(template=template, by=teacher)
    template.refresh_from_db()
    assert (template.retired_at, template.published) == (None, published)


def test_one_that_an_older_version_retired_comes_back_hidden_and_says_how_to_show_it(
    template: Template, teacher: User
) -> None:
    """Version 0.2 wrote no history: nobody knows whether students saw it."""
    Template.objects.update(published=False, retired_at=timezone.now())
    client = Client()
    client.force_login(teacher)
    page = client.post("/lab-templates/lab/bring-back/", follow=True).content.decode()
    assert "tick “Students see it” below, and save" in page
    template.refresh_from_db()
    assert (template.retired_at, template.published) == (None, False)


def test_each_change_is_kept_with_what_was_before(template: Template, teacher: User, admin: User) -> None:
    change(template, teacher)
    change(template, teacher)  # the same again: nothing changes
    retire_template(template=template, by=admin)
    told = [(row.kind, row.by.username, row.fields) for row in template.changes.order_by("pk") if row.by]
    script = ["#!/bin/sh\nid", "#!/bin/sh\nreboot"]
    assert told == [("edited", "teacher", {"user_data": script}), ("retired", "admin", {"published": [True, False]})]


def test_the_page_shows_the_lines_that_changed(template: Template, teacher: User) -> None:
    client = Client()
    client.force_login(teacher)
    change(template, teacher)
    edit_template(template=template, by=teacher, services=SERVICES[:1])
    page = client.get("/lab-templates/lab/").content.decode()
    assert "- id\n+ reboot" in page
    assert "- http 80 http" in page


def test_of_a_long_script_only_the_lines_that_changed_are_shown() -> None:
    old, new = ([f"{word} {number * number}" for number in range(2000)] for word in ("echo", "printf"))
    shown = _diff("\n".join(["#!/bin/sh", *old]), "\n".join(["#!/bin/sh", *new])).split("\n")
    assert (len(shown), shown[0], shown[-1]) == (4000, "- echo 0", "+ printf 3996001")


def test_lines_that_repeat_themselves_are_not_compared_for_minutes() -> None:
    words = [f"echo {number}" for number in range(104)] * 90
    shown = _diff("\n".join(["#!/bin/sh", *words, "exit"]), "\n".join(["#!/bin/sh", *reversed(words), "exit"])).split(
        "\n"
    )
    assert (len(shown), shown[0], shown[-1]) == (2 * 104 * 90, "- echo 0", "+ echo 0")


def test_a_script_is_as_long_as_a_cloud_takes_it(template: Template, teacher: User) -> None:
    edit_template(template=template, by=teacher, user_data="#" * 48_000)
    with pytest.raises(BadTemplate, match="too long"):
        edit_template(template=template, by=teacher, user_data="#" * 48_001)


def test_the_page_of_long_changes_is_short(template: Template, teacher: User) -> None:
    client = Client()
    client.force_login(teacher)
    for mark in "abc":
        edit_template(template=template, by=teacher, user_data=mark * 40_000)
    assert len(client.get("/lab-templates/lab/").content) < 120_000


def test_the_page_brings_it_back(template: Template, teacher: User) -> None:
    client = Client()
    client.force_login(teacher)
    client.post("/lab-templates/lab/retire/")
    assert "bring-back" in client.get("/lab-templates/lab/").content.decode()
    client.post("/lab-templates/lab/bring-back/")
    template.refresh_from_db()
    assert template.published


@pytest.mark.django_db(transaction=True)
def test_two_teachers_of_the_same_idea_at_once_make_two(teacher: User) -> None:
    lab, start, slugs = make_template(), threading.Barrier(4), []
    fields: dict[str, Any] = {
        "name": "Redes",
        "summary": "x",
        "image": lab.image,
        "flavor": lab.flavor,
        "services": SERVICES,
    }

    def make() -> None:
        start.wait()
        slugs.append(create_template(by=teacher, **fields).slug)
        connection.close()

    threads = [threading.Thread(target=make) for _ in range(4)]
    [t.start() for t in threads], [t.join() for t in threads]
    assert sorted(slugs) == ["redes", "redes-2", "redes-3", "redes-4"]

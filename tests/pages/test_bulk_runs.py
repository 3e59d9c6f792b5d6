"""The pages on which one verb is chosen for many machines, shown in numbers, and started."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from machines import bulk_work
from machines.models import BulkRun, Machine
from tests.factories import make_machine

BULK = "/manage/machines/bulk/"


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def two(student: User) -> list[Machine]:
    return [make_machine(student, name="condor"), make_machine(student, name="puma")]


def chosen(office: Client, machines: list[Machine], verb: str = "suspend", **more: str) -> Any:
    return office.post(BULK, {"machine": [str(m.pk) for m in machines], "verb": verb, **more})


def text_of(office: Client, url: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", office.get(url).content.decode()))


def test_the_ticked_ones_are_shown_in_numbers_and_started_by_the_button(
    office: Client, two: list[Machine], student: User
) -> None:
    asleep = make_machine(student, name="asleep", state="suspended")
    url = chosen(office, [*two, asleep])["Location"]
    shown = text_of(office, url)
    assert all(words in shown for words in ("2 of 3 will change", "1 stays as it is:", "1 Sleeping", "Put 2 to sleep"))
    assert office.post(url)["Location"] == url
    part = office.get(url, headers={"HX-Target": "run"}).content.decode()
    assert ("data-says" in part, "hx-trigger" in part, "<html" in part) == (False, True, False)
    bulk_work.carry_out(timezone.now())
    assert "Done: 2 of 2" in text_of(office, url)
    part = office.get(url, headers={"HX-Target": "run"}).content.decode()
    assert ('data-says="Done: 2 of 2"' in part, "hx-trigger" in part) == (True, False)


def test_all_that_match_are_those_of_the_filters(office: Client, two: list[Machine], teacher: User) -> None:
    make_machine(teacher, name="other")
    url = chosen(office, [], all="on", query="role=student&sort=name")["Location"]
    run = BulkRun.objects.get()
    assert (url, run.chosen) == (f"{BULK}{run.pk}/", 2)
    assert "role=student" in text_of_links(office, url)


def text_of_links(office: Client, url: str) -> str:
    return " ".join(re.findall(r'href="([^"]+)"', office.get(url).content.decode()))


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose what to do."),
        ({"verb": "rescue", "all": "on"}, "Choose what to do."),
        ({"verb": "suspend"}, "Choose at least one machine."),
        ({"verb": "suspend", "machine": "x"}, "Choose at least one machine."),
        ({"verb": "suspend", "all": "on", "query": "state=x"}, "These filters cannot be read."),
        ({"verb": "suspend", "query": "q=%00\0"}, "Choose at least one machine."),
    ],
)
def test_a_choice_that_is_none_is_said_on_the_list(office: Client, sent: dict[str, str], said: str) -> None:
    reply = office.post(BULK, sent)
    assert reply["Location"].startswith("/manage/machines/")
    assert said in office.get("/manage/machines/").content.decode()


def test_a_delete_wants_the_typed_number(office: Client, two: list[Machine]) -> None:
    url = chosen(office, two, "delete")["Location"]
    for typed in ("", "1", "two"):
        reply = office.post(url, {"number": typed})
        assert (reply.status_code, list(reply.context["form"].errors)) == (400, ["number"])
    assert office.post(url, {"number": " 2 "}).status_code == 302
    assert BulkRun.objects.get().state == "running"


def test_keeping_awake_asks_for_how_long(office: Client, two: list[Machine]) -> None:
    url = chosen(office, two, "keep_awake")["Location"]
    assert office.post(url, {"hours": "5000"}).status_code == 400
    assert office.post(url, {"hours": "24"}).status_code == 302


def test_another_administrator_sees_it_and_does_not_start_it(office: Client, two: list[Machine]) -> None:
    url = chosen(office, two)["Location"]
    other = Client()
    other.force_login(User.objects.create(username="boss", roles=["admin"]))
    assert other.get(url).status_code == 200
    assert other.post(url).status_code == 403
    assert BulkRun.objects.get().state == "preview"


def test_old_numbers_are_not_acted_on(office: Client, two: list[Machine]) -> None:
    url = chosen(office, two)["Location"]
    BulkRun.objects.update(at=timezone.now() - timedelta(minutes=11))
    reply = office.post(url)
    assert (reply.status_code, "Choose the machines again" in reply.content.decode()) == (409, True)


def test_a_reload_of_the_choice_leads_back_to_the_list(office: Client) -> None:
    assert office.get(BULK)["Location"] == "/manage/machines/"


def test_the_numbers_cost_the_same_for_many(office: Client, student: User, django_assert_max_num_queries: Any) -> None:
    one = make_machine(student)
    facts = {
        f.attname: getattr(one, f.attname)
        for f in Machine._meta.concrete_fields
        if f.attname not in ("id", "server_id")
    }
    Machine.objects.bulk_create(Machine(**{**facts, "name": f"m{n}", "name_key": f"m{n}"}) for n in range(200))
    office.get("/manage/machines/")
    with django_assert_max_num_queries(12):
        url = chosen(office, [], all="on")["Location"]
    with django_assert_max_num_queries(10):
        office.get(url)

"""The list of all machines: found, put in order and counted for administrators, in a number of queries that does not grow."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from machines.models import Machine
from tests.factories import make_machine
from tunnels.models import Tunnel

PAGE = "/manage/machines/"


@pytest.fixture
def office(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def shown(office: Client, **query: str) -> list[str]:
    return [row.machine.name for row in office.get(PAGE, query).context["rows"]]


def test_each_is_found_by_name_owner_address_and_port(office: Client, student: User, student2: User) -> None:
    User.objects.filter(pk=student2.pk).update(first_name="José", last_name="Ñacato")
    mine = make_machine(student, name="Cóndor", address="10.0.0.7")
    make_machine(student2, name="puma", address="10.0.1.9")
    port = str(Tunnel.objects.filter(holder=mine.pk)[0].port)
    for text in ("condor", "CÓNDOR student", "10.0.0", port):
        assert shown(office, q=text) == ["Cóndor"], text
    assert shown(office, q="jose nacato") == ["puma"]


def test_a_search_that_finds_nothing_says_so(office: Client, student: User) -> None:
    make_machine(student)
    assert "Nothing was found for “nobody”." in office.get(PAGE, {"q": "nobody"}).content.decode()


@pytest.mark.parametrize(
    ("state", "facts"),
    [
        ("running", {}), ("asleep", {"state": "suspended"}), ("away", {"state": "shelved"}), ("waiting", {"state": "queued"}),
        ("moving", {"state": "waking"}), ("failed", {"state": "failed"}), ("bin", {"binned_at": timezone.now()}),
        ("unhealthy", {"cloud_errors": 2}), ("unhealthy", {"setup": "failed"}), ("unhealthy", {"refused": "archive"}),
        ("vanished", {"state": "gone", "vanished": True}),
    ],
)  # fmt: skip
def test_a_filter_leaves_its_state(office: Client, student: User, state: str, facts: dict[str, Any]) -> None:
    make_machine(student, name="other", state="archived", wanted="archived")
    make_machine(student, name="this", **facts)
    assert shown(office, state=state) == ["this"]


def test_filters_leave_template_role_host_and_the_long_unused(office: Client, student: User, teacher: User) -> None:
    old = timezone.now() - timedelta(days=8)
    make_machine(student, name="a", host="tucan", used_at=old)
    make_machine(teacher, name="b", host="condor")
    assert shown(office, role="teacher") == ["b"]
    assert shown(office, host="tucan") == ["a"]
    assert shown(office, used="7d") == ["a"]
    assert sorted(shown(office, template="lab")) == ["a", "b"]
    User.objects.filter(pk=teacher.pk).update(is_active=False)
    assert shown(office, role="blocked") == ["b"]


@pytest.mark.parametrize(
    ("order", "names"), [("name", ["a", "B"]), ("-name", ["B", "a"]), ("used", ["B", "a"]), ("-launched", ["B", "a"]), ("owner", ["a", "B"])]
)  # fmt: skip
def test_they_are_put_in_order(office: Client, student: User, teacher: User, order: str, names: list[str]) -> None:
    now = timezone.now()
    make_machine(student, name="a", created_at=now - timedelta(days=1))
    make_machine(teacher, name="B", used_at=now - timedelta(days=1))
    assert shown(office, sort=order) == names


def test_ready_made_filters_count_and_mark_the_one_that_is_set(office: Client, student: User) -> None:
    make_machine(student, used_at=timezone.now() - timedelta(hours=3))
    make_machine(student, name="queued", state="queued")
    chips = office.get(PAGE, {"state": "running", "used": "2h"}).context["chips"]
    assert [chip.count for chip in chips] == [2, 1, 0, 1, 0, 0]
    assert [chip.here for chip in chips] == [False, True, False, False, False, False]


@pytest.mark.parametrize(
    "query", [{"state": "x"}, {"sort": "x"}, {"used": "x"}, {"template": "x"}, {"host": "x"}, {"q": "\0"}]
)
def test_a_filter_that_is_none_is_said_at_its_field(office: Client, query: dict[str, str]) -> None:
    reply = office.get(PAGE, query)
    assert (reply.status_code, list(reply.context["form"].errors)) == (400, list(query))


@pytest.mark.parametrize("text", ["99999", "0", "%", "'", "a b c d e f g h i j"])
def test_an_odd_search_finds_nothing(office: Client, student: User, text: str) -> None:
    make_machine(student)
    assert office.get(PAGE, {"q": text}).status_code == 200


def test_it_costs_the_same_for_many(office: Client, student: User, django_assert_max_num_queries: Any) -> None:
    one = make_machine(student, host="tucan")
    facts = {
        f.attname: getattr(one, f.attname)
        for f in Machine._meta.concrete_fields
        if f.attname not in ("id", "server_id")
    }
    Machine.objects.bulk_create(Machine(**{**facts, "name": f"m{n}", "name_key": f"m{n}"}) for n in range(120))
    office.get(PAGE)  # the first page of all notes from where they come
    with django_assert_max_num_queries(10):
        page = office.get(PAGE, {"page": "2", "q": "m"})
    assert len(page.context["rows"]) == 50

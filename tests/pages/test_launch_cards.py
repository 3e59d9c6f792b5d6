"""A card of the launch page says how long it usually takes, what it leaves, and what one gets; the machine's page names each step of a build."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from machines.models import Machine
from quotas.models import Grant
from tests.factories import grant, make_gateway, make_machine, make_template


@pytest.fixture
def card(client: Client, student: User) -> Any:
    """Return what a student reads on the launch page's only card, without tags."""
    make_gateway()
    make_template()
    grant(student, vcpus=4, ram_mb=4096)
    client.force_login(student)

    def read(language: str = "en") -> str:
        client.cookies["django_language"] = language
        page = client.get("/launch/").content.decode()
        return plain(page[page.index('id="card-lab"') : page.index("</form>", page.index('id="card-lab"'))])

    return read


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def launched(seconds: int) -> None:
    """Let machines of the template have taken so long."""
    now = timezone.now()
    facts = {"build_started_at": now - timedelta(seconds=seconds), "ready_at": now, "state": "gone", "wanted": "gone"}
    machine = make_machine(User.objects.create(username="before"))
    Machine.objects.filter(pk=machine.pk).update(**facts)


@pytest.mark.parametrize(
    ("seconds", "language", "said"),
    [
        (24, "en", "Usually ready in about 24 s"),
        (170, "en", "Usually ready in about 3 min"),
        (24, "es", "Suele estar lista en unos 24 s"),
    ],
)
def test_it_says_how_long_its_launches_took(card: Any, seconds: int, language: str, said: str) -> None:
    launched(seconds)
    assert said in card(language)


def test_of_one_that_nobody_launched_it_promises_no_time(card: Any) -> None:
    assert "Usually" not in card()
    assert "minute" not in card()


def test_it_says_its_size_and_what_it_leaves(card: Any) -> None:
    assert "1 processor, 256 MB of memory, 1 GB of disk" in card()
    assert "Leaves you 3 processors, 3.8 GB of memory" in card()
    Grant.objects.update(vcpus=2)
    assert "Leaves you 1 processor, 3.8 GB of memory" in card()
    assert "Te deja 1 procesador" in card("es")


def test_services_are_words(card: Any) -> None:
    Template.objects.update(services=[{"name": "db", "port": 5432, "scheme": "tcp"}, *Template.objects.get().services])
    assert "db Terminal Web page" in card()
    assert "db Terminal Página web" in card("es")
    assert "22" not in card()


def test_the_name_is_folded_until_something_is_wrong_with_it(client: Client, card: Any) -> None:
    card()
    page = client.get("/launch/").content.decode()
    assert '<details class="named">' in page
    wrong = client.post("/launch/", {"template": "lab", "name": "\x07"}).content.decode()
    assert '<details class="named" open>' in wrong


def test_a_build_names_its_steps_and_the_time_left(client: Client, student: User) -> None:
    launched(24)
    now = timezone.now()
    machine = make_machine(student, state="building", cloud_task="networking")
    Machine.objects.filter(pk=machine.pk).update(build_started_at=now - timedelta(seconds=4), state_since=now)
    client.force_login(student)
    page = client.get(f"/machines/{machine.pk}/").content.decode()
    steps = re.findall(
        r"<li( class=\"done\"|\s+aria-current=\"step\"|)>([^<]+)</li>", page[page.index('class="stages"') :]
    )
    assert [(" ".join(how.split()), name) for how, name in steps[:4]] == [
        ('class="done"', "Finding a computer"),
        ('aria-current="step"', "Network and address"),
        ("", "Copying the disk"),
        ("", "First start"),
    ]
    left = re.search(r"About (\d+) s left", page)
    assert left
    assert 15 <= int(left[1]) <= 20

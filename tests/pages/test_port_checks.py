"""“Why can't I connect?” without scripts, and the API's address of it: what they show, to whom, and where they lead."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from lib.notes import Note
from machines.models import Machine
from tests.api.program import Program
from tests.factories import make_machine
from tunnels import port_checks
from tunnels.models import PortCheck

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine(student: User) -> Machine:
    return make_machine(student)


@pytest.fixture
def page(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def at(machine: Machine, rest: str = "") -> str:
    return f"/machines/{machine.pk}/check/{rest}"


def kept(machine: Machine, *, ok: bool | None, broken: str = "") -> None:
    hop = {"name": "service", "ok": ok, "ms": 2.4, "note": Note("It answers.").as_json()}
    verdict = Note("The check did not come to its end. Try again in a moment.")
    port_checks.record(machine.pk, 22, [hop], verdict, broken=broken, seen={}, now=timezone.now())


def test_the_machines_page_leads_to_it(page: Client, machine: Machine) -> None:
    assert f'href="{at(machine)}#check-now"' in page.get(f"/machines/{machine.pk}/").content.decode()


def test_it_has_a_choice_of_services_and_no_result_before_the_first_check(page: Client, machine: Machine) -> None:
    text = page.get(at(machine)).content.decode()
    assert ('href="?port=80"' in text, f'href="{at(machine)}run/?port=22"' in text) == (True, True)
    assert text.partition("<template")[0].count("data-hop") == 0


def test_it_shows_the_last_check_and_when_a_broken_hop_was_right(page: Client, machine: Machine) -> None:
    kept(machine, ok=True)
    kept(machine, ok=False, broken="service")
    text = page.get(at(machine)).content.decode().partition("<template")[0]
    assert ("The check did not come to its end." in text, "It ends here" in text) == (True, True)
    assert "Last right:" in text.partition("data-right>")[2]
    assert "The check did not" not in page.get(at(machine, "?port=80")).content.decode()


def test_one_that_did_not_come_to_its_end_is_neither_right_nor_wrong(page: Client, machine: Machine) -> None:
    tones = {}
    for ok in (True, None):
        kept(machine, ok=ok)
        tones[ok] = page.get(at(machine)).content.decode().partition(' id="verdict"')[0].rpartition('"note ')[2]
    assert tones == {True: 'tone-on"', None: '"'}


def test_what_was_right_is_not_forgotten_by_a_check_that_failed(machine: Machine) -> None:
    kept(machine, ok=True)
    right = PortCheck.objects.get().right_at
    kept(machine, ok=False)
    assert PortCheck.objects.get().right_at == right


def test_the_button_leads_to_the_live_process_with_a_ticket(page: Client, machine: Machine, settings: object) -> None:
    settings.LIVE_URL = "http://live.example"  # type: ignore[attr-defined]
    reply = page.get(at(machine, "run/?port=80"))
    where = urlsplit(reply["Location"])
    query = parse_qs(where.query)
    assert (reply.status_code, where.netloc, where.path) == (303, "live.example", f"/live/check/{machine.pk}")
    assert (query["port"], query["back"], set(query)) == (["80"], ["1"], {"port", "back", "ticket"})


@pytest.mark.parametrize("port", ["0", "x", "70000", "1" * 5000])
def test_what_is_no_port_is_not_found(page: Client, machine: Machine, port: str) -> None:
    assert page.get(at(machine, f"?port={port}")).status_code == 404


def test_strangers_find_nothing_and_its_teachers_do(machine: Machine, teacher: User, client: Client) -> None:
    client.force_login(teacher)
    assert client.get(at(machine)).status_code == 404
    machine.template.created_by = teacher
    machine.template.save()
    page = client.get(at(machine)).content.decode()
    assert f'href="/teaching/machines/{machine.pk}/"' in page
    assert "127.0.0.1" not in page.partition('id="check"')[2]


def test_of_a_machine_that_is_gone_there_is_no_way(page: Client, machine: Machine) -> None:
    Machine.objects.update(state="gone", wanted="gone")
    assert page.get(at(machine)).status_code == 404


def test_programs_are_led_there(machine: Machine, student: User, student2: User) -> None:
    reply = Program(student).ask("GET", f"machines/{machine.pk}/check/?port=22")
    assert (reply.status_code, f"/live/check/{machine.pk}?port=22&ticket=" in reply["Location"]) == (307, True)
    assert Program(student2).ask("GET", f"machines/{machine.pk}/check/").status_code == 404
    assert Program(student).ask("GET", f"machines/{machine.pk}/check/?port=x").status_code == 400

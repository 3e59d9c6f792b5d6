"""Kept moments on the pages and in the API: what they show, ask and refuse, and to whom."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from machines.models import DiskImage, Machine
from quotas.models import Grant
from tests.api.program import Program
from tests.factories import make_machine


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def at(machine: Machine, rest: str = "") -> str:
    return f"/machines/{machine.pk}/moments/{rest}"


def kept(machine: Machine, number: int = 1, **facts: Any) -> DiskImage:
    known = {"kind": "moment", "state": "ready", "title": "before the exam", "image_id": "i", "size_bytes": 5_000_000}
    return DiskImage.objects.create(machine=machine, number=number, **{**known, **facts})


def test_the_machine_leads_to_it_and_it_says_what_it_takes_before_the_press(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    assert at(machine) in signed_in.get(f"/machines/{machine.pk}/settings/").content.decode()
    page = " ".join(signed_in.get(at(machine)).content.decode().split())
    assert f"It takes up to {machine.template.flavor.disk_gb} GB and one archive of your quota" in page
    assert "No moment is kept yet." in page


def test_a_press_keeps_one_and_says_so(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    page = signed_in.post(at(machine), {"name": "before the exam"}, follow=True).content.decode()
    assert "The copy of “before the exam” has begun" in page
    assert "It is being kept: the cluster copies the disk." in page


def test_an_empty_name_is_refused_at_its_field(signed_in: Client, student: User) -> None:
    reply = signed_in.post(at(make_machine(student)), {"name": " "})
    assert (reply.status_code, 'id="id_name_error"' in reply.content.decode()) == (400, True)


def test_a_full_quota_says_what_lacks_and_the_ways_out_instead_of_the_form(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    Grant.objects.update(archives=0)
    page = signed_in.get(at(machine)).content.decode()
    assert "0 archives" in page
    assert "Ask for more" in page
    assert 'name="name"' not in page
    assert signed_in.post(at(machine), {"name": "a"}).status_code == 409


def test_going_back_asks_first(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    kept(machine)
    page = signed_in.get(at(machine, "1/restore/")).content.decode()
    assert "Go back to “before the exam”?" in page
    machine.refresh_from_db()
    assert machine.resets_asked == 0
    reply = signed_in.post(at(machine, "1/restore/"))
    machine.refresh_from_db()
    assert (reply.status_code, reply["Location"], machine.resets_asked) == (302, f"/machines/{machine.pk}/", 1)
    assert "The machine is going back to this moment." in signed_in.get(at(machine)).content.decode()
    assert signed_in.post(at(machine, "1/delete/")).status_code == 409


def test_deleting_asks_first(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    kept(machine)
    assert "Delete the moment “before the exam”?" in signed_in.get(at(machine, "1/delete/")).content.decode()
    page = signed_in.post(at(machine, "1/delete/"), follow=True).content.decode()
    assert "“before the exam” is deleted." in page
    assert signed_in.get(at(machine, "1/delete/")).status_code == 404


@pytest.mark.parametrize("state", ["suspended", "shelved", "archived", "failed", "gone"])
def test_a_machine_that_does_not_run_offers_no_way_back(signed_in: Client, student: User, state: str) -> None:
    machine = make_machine(student, state=state, wanted="gone" if state == "gone" else "running")
    kept(machine)
    page = signed_in.get(at(machine))
    assert (page.status_code, "1/restore/" in page.content.decode()) == (200, False)
    assert signed_in.post(at(machine, "1/restore/")).status_code == 409


def test_a_failed_one_says_why(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    kept(machine, state="failed", stored_note={"text": "The cluster cannot make an image of this machine's disk."})
    page = signed_in.get(at(machine)).content.decode()
    assert "cannot make an image" in page
    assert "1/restore/" not in page


def test_in_spanish(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    kept(machine)
    pages = [
        signed_in.get(at(machine, rest), headers={"accept-language": "es"}) for rest in ("", "1/restore/", "1/delete/")
    ]
    texts = [page.content.decode() for page in pages]
    assert "Momentos conservados" in texts[0]
    assert "Volver a" in texts[1]
    assert "Borrar el momento" in texts[2]


@pytest.mark.parametrize(("who", "status"), [("student2", 404), ("teacher", 404), ("admin", 200)])
def test_who_finds_them(client: Client, student: User, request: pytest.FixtureRequest, who: str, status: int) -> None:
    machine = make_machine(student)
    kept(machine)
    client.force_login(request.getfixturevalue(who))
    assert [client.get(at(machine, rest)).status_code for rest in ("", "1/restore/", "1/delete/")] == [status] * 3


def test_the_api_does_the_same(student: User) -> None:
    machine = make_machine(student)
    program, url = Program(student), f"machines/{machine.pk}/snapshots/"
    made = program.ask("POST", url, {"name": "a"})
    assert (made.status_code, made.json()["number"], made.json()["state"]) == (202, 1, "due")
    assert program.ask("POST", url, {"name": "b"}).status_code == 409
    assert program.ask("POST", url, {}).status_code == 400
    DiskImage.objects.update(state="ready")
    assert [one["name"] for one in program.ask("GET", url).json()] == ["a"]
    assert program.ask("POST", f"{url}1/restore/").status_code == 202
    assert program.ask("DELETE", f"{url}1/").status_code == 409
    Machine.objects.update(resets_done=1)
    assert (program.ask("DELETE", f"{url}1/").status_code, program.ask("DELETE", f"{url}1/").status_code) == (204, 404)

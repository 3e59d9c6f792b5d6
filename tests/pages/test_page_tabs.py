"""The tabs of a machine's page, and its buttons: one first, and a menu that says what each costs."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import User
from machines.models import Machine
from machines.verbs import BUTTONS, Verb
from portal.presenters.presses import LIKELY, Presses
from tests.factories import make_machine
from tunnels.models import Tunnel

TABS = ("", "ports/", "history/", "settings/")


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


def at(machine: Machine, tab: str = "") -> str:
    return f"/machines/{machine.pk}/{tab}"


def text(client: Client, machine: Machine, tab: str = "") -> str:
    return str(client.get(at(machine, tab)).content.decode())


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_says_that_it_is_here_and_links_the_others(signed_in: Client, student: User, tab: str) -> None:
    page = text(signed_in, machine := make_machine(student), tab)
    nav = re.findall(r'<a href="([^"]+)" id="tab-\w+"( *\s*aria-current="page")?', page)
    assert [address for address, _here in nav] == [at(machine, each) for each in TABS]
    assert [address for address, here in nav if here] == [at(machine, tab)]


@pytest.mark.parametrize("page", [*TABS, "reset/", "delete/"])
@pytest.mark.parametrize("state", ["running", "suspended", "failed"])
def test_a_link_to_a_part_of_a_page_leads_to_it(signed_in: Client, student: User, page: str, state: str) -> None:
    machine = make_machine(student, state=state)
    for address, part in re.findall(r'href="(/machines/[^"#]*)#([^"]+)"', text(signed_in, machine, page)):
        assert f'id="{part}"' in signed_in.get(address).content.decode()


def test_the_ports_of_a_machine_that_is_being_deleted_promise_nothing(signed_in: Client, student: User) -> None:
    machine = make_machine(student, wanted="gone")
    Tunnel.objects.filter(holder=machine.pk).delete()
    page = text(signed_in, machine, "ports/")
    assert "It is being deleted already." in page
    assert not re.search("Ports open when|no public port yet", page)


def test_a_running_machine_with_open_ports_does_not_say_that_they_open_later(signed_in: Client, student: User) -> None:
    page = text(signed_in, make_machine(student, adopting=True))
    assert "Ports open when" not in page


def test_the_way_back_leads_to_the_list_in_which_the_machine_is(signed_in: Client, student: User, admin: User) -> None:
    machine, office = make_machine(student), Client()
    office.force_login(admin)
    back = [re.search(r'class="crumb"\s+href="([^"]+)"', text(client, machine)) for client in (signed_in, office)]
    assert [found and found[1] for found in back] == ["/", "/manage/machines/"]


def test_the_live_part_of_a_tab_is_that_tab(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    part = signed_in.get(at(machine, "live/"), {"tab": "history"}).content.decode()
    assert "What happened" in part
    assert "live/?tab=history&amp;seen=" in part


@pytest.mark.parametrize("tab", ["", "nothing", "../x", "HISTORY"])
def test_an_unknown_tab_is_the_first(signed_in: Client, student: User, tab: str) -> None:
    part = signed_in.get(at(make_machine(student), "live/"), {"tab": tab}).content.decode()
    assert 'id="access"' in part


@pytest.mark.parametrize("tab", TABS)
def test_one_that_is_gone_has_its_history_and_no_tabs(signed_in: Client, student: User, tab: str) -> None:
    page = text(signed_in, make_machine(student, state="gone"), tab)
    assert ("What happened" in page, "page-tabs" in page) == (True, False)


@pytest.mark.parametrize(("tab", "most"), [("", 13), ("ports/", 12), ("history/", 15), ("settings/", 15)])
def test_a_tab_asks_for_what_it_shows(
    signed_in: Client, student: User, tab: str, most: int, django_assert_max_num_queries: Any
) -> None:
    machine = make_machine(student)
    text(signed_in, machine)
    with django_assert_max_num_queries(most):
        text(signed_in, machine, tab)


def test_a_fault_of_a_form_is_shown_on_its_tab(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    port = signed_in.post(at(machine, "ports/"), {"port": "99999", "scheme": "http"}).content.decode()
    name = signed_in.post(at(machine, "rename/"), {"name": ""}).content.decode()
    for page, tab in ((port, "ports"), (name, "settings")):
        assert re.search(rf'id="tab-{tab}"\s+aria-current="page"', page)
        assert 'aria-invalid="true"' in page


def test_after_a_form_its_tab_comes_back(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    assert signed_in.post(at(machine, "ports/"), {"port": "8080", "scheme": "http"})["Location"] == at(
        machine, "ports/"
    )
    assert signed_in.post(at(machine, "rename/"), {"name": "puma"})["Location"] == at(machine, "settings/")


@pytest.mark.parametrize("tab", TABS)
def test_a_press_leads_back_to_its_tab(signed_in: Client, student: User, tab: str) -> None:
    machine = make_machine(student)
    name = re.search(r'name="from" value="(\w+)"', text(signed_in, machine, tab))
    assert name
    answer = signed_in.post(at(machine, "suspend/"), {"from": name[1]})
    assert answer["Location"] == at(machine, tab)


def test_a_tab_is_named_in_the_title(signed_in: Client, student: User) -> None:
    machine = make_machine(student, name="condor")
    titles = [re.findall("<title>(.*) · Minga", text(signed_in, machine, tab)) for tab in TABS]
    assert titles == [["condor"], ["condor: Ports"], ["condor: History"], ["condor: Settings"]]


def test_one_that_runs_has_the_line_first_then_sleep_and_the_rest_in_a_menu(signed_in: Client, student: User) -> None:
    page = text(signed_in, make_machine(student))
    order = [page.index(f'id="{name}"') for name in ("copy-ssh", "do-suspend", "more", "do-shelve", "do-delete", "ssh")]
    assert order == sorted(order)
    assert 'class="button main" href="#ssh"' in page
    assert page.count('class="main"') == 0  # nothing else comes first


def test_one_that_sleeps_is_woken_first(signed_in: Client, student: User) -> None:
    page = text(signed_in, make_machine(student, state="suspended", wanted="suspended"))
    assert re.search(r'id="do-wake"\s+class="main"', page)
    assert "copy-ssh" not in page


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_verb_of_the_menu_says_what_it_costs(language: str) -> None:
    with translation.override(language):
        presses = Presses(set(BUTTONS), "/m/", is_first_build=False)
        assert [press.verb for press in presses.front] == list(LIKELY)
        meanings = {press.meaning for press in presses.menu}
    assert len(meanings) == len(BUTTONS) - len(LIKELY)
    assert all(meanings)


def test_every_press_that_does_something_says_what_was_asked() -> None:
    presses = Presses(set(BUTTONS), "/m/", is_first_build=False)
    silent = {press.verb for press in (*presses.front, *presses.menu) if not press.asked}
    assert silent == {verb for verb in Verb if verb.destroys}  # those lead to a page that asks


def test_who_has_just_asked_for_one_can_only_take_that_back() -> None:
    presses = Presses({Verb.SUSPEND, Verb.DELETE, Verb.SHELVE}, "/m/", is_first_build=True)
    assert ([*presses.front], [press.verb for press in presses.menu]) == ([], [Verb.DELETE])


@pytest.mark.parametrize("tab", ["", "ports/"])
def test_every_address_can_be_copied_and_says_what_opens_it(signed_in: Client, student: User, tab: str) -> None:
    page = text(signed_in, make_machine(student), tab)
    addresses = set(re.findall(r'id="(way-\d+)"', page))
    assert addresses
    assert {name for name in addresses if f'data-copy="#{name}"' not in page} == set()
    programs = ("Open it in a browser.", "For a program of yours", "Paste it into a terminal.")
    assert sum(page.count(words) for words in programs) == len(addresses)

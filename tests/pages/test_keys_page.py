"""The page of a person's keys: the order of what it offers, where each key is, and the page that asks before one goes."""

import html
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actions import make_key
from accounts.models import SshKey, User
from machines import installed_keys
from machines.host_keys import disk_of
from machines.models import Machine
from tests.factories import make_machine


@pytest.fixture
def signed_in(client: Client, student: User) -> Client:
    client.force_login(student)
    return client


@pytest.fixture
def key(student: User) -> SshKey:
    return make_key(owner=student, name="laptop", by=student)[0]


def machine_with(key: SshKey, name: str, state: str = "running") -> Machine:
    machine = make_machine(key.user, name=name, state=state)
    installed_keys.put_in(disk_of(machine), key.user, [key.public_key])
    return machine


def page(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return " ".join(html.unescape(answer.content.decode()).split())


def test_one_is_made_before_one_is_pasted(signed_in: Client, key: SshKey) -> None:
    shown = page(signed_in, "/keys/")
    assert shown.index("Make one for me") < shown.index("Your keys") < shown.index("paste it")


def test_a_key_shows_since_when_it_is_there(signed_in: Client, key: SshKey) -> None:
    SshKey.objects.update(created_at="2026-03-02T12:00Z")
    assert "Added on 2 Mar 2026." in page(signed_in, "/keys/")


def test_a_key_shows_in_which_machines_it_is(signed_in: Client, key: SshKey) -> None:
    machines = [machine_with(key, "puma"), machine_with(key, "condor")]
    make_machine(key.user, name="llama")
    links = re.findall(r'<a href="/machines/([\w-]+)/#keys">(\w+)</a>', page(signed_in, "/keys/"))
    assert links == [(str(machines[1].pk), "condor"), (str(machines[0].pk), "puma")]


def test_a_key_may_be_in_no_machine(signed_in: Client, key: SshKey) -> None:
    assert "In none of your machines." in page(signed_in, "/keys/")


def test_machines_that_are_gone_or_in_the_bin_are_not_named(signed_in: Client, key: SshKey) -> None:
    machine_with(key, "puma", "gone")
    Machine.objects.filter(pk=machine_with(key, "condor").pk).update(binned_at="2026-03-02T12:00Z")
    assert "In none of your machines." in page(signed_in, "/keys/")


def test_the_queries_do_not_grow_with_keys_and_machines(signed_in: Client, key: SshKey) -> None:
    counts = []
    for name in ("condor", "puma"):
        machine_with(make_key(owner=key.user, name=name, by=key.user)[0], name)
        page(signed_in, "/keys/")  # what a first visit writes is written
        with CaptureQueriesContext(connection) as queries:
            page(signed_in, "/keys/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_before_a_key_goes_its_page_asks(signed_in: Client, key: SshKey) -> None:
    assert f'href="/keys/{key.pk}/remove/"' in page(signed_in, "/keys/")
    shown = page(signed_in, f"/keys/{key.pk}/remove/")
    assert "Remove the key “laptop”?" in shown
    assert "your only key" in shown
    assert SshKey.objects.filter(pk=key.pk).exists()


def test_it_offers_to_take_it_out_where_that_can_be_done(signed_in: Client, key: SshKey) -> None:
    machine_with(key, "condor")
    machine_with(key, "puma", "suspended")
    shown = page(signed_in, f"/keys/{key.pk}/remove/")
    assert "These machines run and know it: <b>condor</b>" in shown
    assert 'name="take_out" value="on" checked' in shown
    assert "it stays in them: puma." in shown


def test_it_does_not_offer_what_nothing_can_come_of(signed_in: Client, key: SshKey) -> None:
    make_key(owner=key.user, name="other", by=key.user)
    machine_with(key, "puma", "suspended")
    shown = page(signed_in, f"/keys/{key.pk}/remove/")
    assert "take_out" not in shown
    assert "your only key" not in shown


def test_somebody_elses_key_is_not_asked_about(client: Client, key: SshKey, student2: User) -> None:
    client.force_login(student2)
    assert client.get(f"/keys/{key.pk}/remove/").status_code == 404


def test_a_made_key_is_saved_under_a_name_of_its_own(signed_in: Client, key: SshKey) -> None:
    shown = html.unescape(signed_in.post("/keys/make/").content.decode())
    assert 'download="minga_key_2"' in shown
    assert "chmod 600 ~/.ssh/minga_key_2" in shown
    assert 'download="minga_key_2.ppk"' in shown
    assert 'icacls "$HOME\\.ssh\\minga_key_2"' in shown


# ---- the lines of a machine ----


def test_line_and_block_name_the_file_of_a_made_key(signed_in: Client, key: SshKey) -> None:
    machine = machine_with(key, "condor")
    shown = page(signed_in, f"/machines/{machine.pk}/")
    assert '<code id="ssh" tabindex="0">ssh -i ~/.ssh/minga_key -p ' in shown
    assert f"IdentityFile ~/.ssh/minga_key IdentitiesOnly yes HostKeyAlias minga-{machine.pk}" in shown
    assert "ssh -i ~/.ssh/minga_key -p " in page(signed_in, "/")


def test_several_files_are_named_with_the_newest_first(signed_in: Client, key: SshKey) -> None:
    machine = machine_with(key, "condor")
    other = make_key(owner=key.user, name="tower", by=key.user)[0]
    installed_keys.put_in(disk_of(machine), key.user, [other.public_key])
    shown = page(signed_in, f"/machines/{machine.pk}/")
    assert "ssh -i ~/.ssh/minga_key_2 -p" in shown
    assert "use that file instead: minga_key." in shown


def test_a_card_is_drawn_anew_when_its_line_has_changed(signed_in: Client, key: SshKey) -> None:
    machine = make_machine(key.user)
    [seen] = re.findall(r"seen=([\w-]+)", page(signed_in, "/"))
    address = f"/machines/{machine.pk}/card/?seen={seen}"
    assert signed_in.get(address).status_code == 204
    installed_keys.put_in(disk_of(machine), key.user, [key.public_key])
    assert signed_in.get(address).status_code == 200


BROWSERS = [
    ({"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}, "windows"),
    ({"Sec-CH-UA-Platform": '"Windows"', "User-Agent": "Mozilla/5.0"}, "windows"),
    ({"Sec-CH-UA-Platform": '"macOS"', "User-Agent": "Mozilla/5.0"}, "unix"),
    ({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}, "unix"),
    ({"User-Agent": ""}, "unix"),
]


@pytest.mark.parametrize(("headers", "system"), BROWSERS)
def test_the_steps_are_those_of_the_browsers_system(
    signed_in: Client, key: SshKey, headers: dict[str, str], system: str
) -> None:
    shown = page(signed_in, f"/machines/{machine_with(key, 'condor').pk}/", **headers)
    assert re.findall(r'value="(\w+)" autocomplete="off" checked', shown) == [system]


def test_without_a_made_key_nothing_is_to_be_stored(signed_in: Client, student: User) -> None:
    shown = page(signed_in, f"/machines/{make_machine(student).pk}/")
    assert "as ~/.ssh/id_ed25519 for example" in shown
    assert "store-unix" not in shown


def test_the_api_names_the_files(signed_in: Client, key: SshKey) -> None:
    machine = machine_with(key, "condor")
    answer: Any = signed_in.get(f"/api/v1/machines/{machine.pk}/").json()
    ssh, http = answer["access"]
    assert (ssh["key_files"], http["key_files"]) == (["minga_key"], [])
    assert ssh["command"].startswith("ssh -i ~/.ssh/minga_key -p ")
    assert signed_in.get("/api/v1/keys/").json()[0]["file_name"] == "minga_key"


HOSTILE = ["$(id)", "`id`;id|id&id", "-oProxyCommand=id", "../../etc/x", "“ñ 🎉”", "a' \"b\\", "*", "#", "%h"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_that_a_person_types_means_something_in_a_copied_line(
    signed_in: Client, student: User, name: str
) -> None:
    machine = machine_with(make_key(owner=student, name=name, by=student)[0], name)
    shown = page(signed_in, f"/machines/{machine.pk}/")
    alias = name_after('tabindex="0">Host ', shown)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", alias)
    assert name_after("IdentityFile ~/.ssh/", shown) == name_after("ssh -i ~/.ssh/", shown) == "minga_key"


def name_after(text: str, shown: str) -> str:
    return shown[shown.index(text) + len(text) :].split(" ")[0]


def test_two_keys_of_one_name_say_which_file_is_theirs(signed_in: Client, student: User, key: SshKey) -> None:
    make_key(owner=student, name="laptop", by=student)
    shown = page(signed_in, "/keys/")
    assert ("called minga_key." in shown, "called minga_key_2." in shown) == (True, True)


@pytest.mark.parametrize(
    ("system", "lines"),
    [
        ("for-windows", {"store-windows"}),
        ("for-unix", {"store-unix"}),
        ("putty-summary", {"store-putty", "puttygen", "putty"}),
        ("code-summary", {"code"}),
    ],
)
def test_each_systems_lines_can_be_copied(signed_in: Client, key: SshKey, system: str, lines: set[str]) -> None:
    shown = page(signed_in, f"/machines/{machine_with(key, 'condor').pk}/")
    begins = shown.index(system)
    assert lines_to_copy(shown[begins : shown.index("</ol>", begins)]) == lines


def lines_to_copy(part: str) -> set[str]:
    lines = set(re.findall(r'<code id="([\w-]+)"', part))
    assert lines == set(re.findall(r'data-copy="#([\w-]+)"', part))
    return lines


def test_the_lines_that_copy_files_have_port_user_and_key(signed_in: Client, key: SshKey) -> None:
    machine = machine_with(key, "condor")
    shown = html.unescape(page(signed_in, f"/machines/{machine.pk}/"))
    way: Any = signed_in.get(f"/api/v1/machines/{machine.pk}/").json()["access"][0]
    there = f"{way['user']}@{way['host']}:"
    assert f">scp -i ~/.ssh/minga_key -P {way['port']} FILE {there}<" in shown
    assert f">scp -i ~/.ssh/minga_key -P {way['port']} {there}FILE .<" in shown
    assert f'-e "ssh -i ~/.ssh/minga_key -p {way["port"]}" FOLDER {there}<' in shown
    assert f'-e "ssh -i ~/.ssh/minga_key -p {way["port"]}" {there}FOLDER .<' in shown


def test_vs_code_opens_by_the_name_that_has_the_key(signed_in: Client, key: SshKey) -> None:
    machine = machine_with(key, "condor")
    shown = page(signed_in, f"/machines/{machine.pk}/")
    assert f'href="vscode://vscode-remote/ssh-remote+condor/home/{machine.ssh_user}"' in shown


def test_vs_code_opens_by_the_address_where_ssh_finds_the_key(signed_in: Client, student: User) -> None:
    machine = make_machine(student)
    shown = page(signed_in, f"/machines/{machine.pk}/")
    way: Any = signed_in.get(f"/api/v1/machines/{machine.pk}/").json()["access"][0]
    address = f"{way['user']}@{way['host']}:{way['port']}/home/{way['user']}"
    assert f'href="vscode://vscode-remote/ssh-remote+{address}"' in shown

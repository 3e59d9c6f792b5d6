"""Ways to the SSH of machines: the first contact with a real sshd, and what is not a way."""

import asyncio
import getpass
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from django.utils import timezone

from accounts.models import User
from courses.models import Template
from machines import host_keys, ssh_contact
from machines.models import HostKey, Machine
from machines.ssh_contact import SECONDS, Contact, Fault, Guest, OtherHostKey, contact, guests
from tests.accounts.postman import silent_server
from tests.factories import make_machine
from tests.machines.idle.guest import HERE, can_run, host_key, make_key, openssh
from tests.ports import free_port
from tests.waiting import quickest
from tunnels.models import Gateway, Tunnel

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
real_sshd = pytest.mark.skipif(not can_run(), reason="needs sshd, and root")


@pytest.fixture
def person(tmp_path: Path) -> Path:
    return make_key(tmp_path, "person")


@pytest.fixture
def port(tmp_path: Path, person: Path) -> Iterator[int]:
    with openssh(tmp_path, person.with_suffix(".pub").read_text()) as port:
        yield port


def reached(student: User, port: int) -> Contact:
    """The contact of a machine whose SSH is there."""
    machine = make_machine(student)
    Tunnel.objects.filter(holder=machine.pk).update(target_host=HERE, reach_port=port)
    Template.objects.update(login=getpass.getuser())
    machine.refresh_from_db()
    return contact(machine)


def sign_in(guest: Guest | Fault, key: Path) -> str:
    assert isinstance(guest, Guest)

    async def go() -> str:
        async with ssh_contact.signed_in(guest, [asyncssh.read_private_key(key)]) as ssh:
            return str((await ssh.run("echo hello", check=True)).stdout)

    return asyncio.run(go())


@pytest.mark.parametrize("is_begun", [False, True])
@real_sshd
def test_keys_are_exchanged_anew_where_the_handshake_is_forgotten(
    student: User, port: int, person: Path, is_begun: bool
) -> None:
    """is_begun: such an exchange goes on already."""
    one, key = reached(student, port), asyncssh.read_private_key(person)
    guest = guests([one])[one]
    assert isinstance(guest, Guest)

    async def go() -> bool:
        async with ssh_contact.signed_in(guest, [key], rekey_bytes=20_000) as ssh:
            if is_begun:
                ssh._send_kexinit()
                ssh._kexinit_sent = True  # as asyncssh does it itself
            ssh_contact.forget_handshake(ssh)
            before = ssh._send_encryption
            assert (await ssh.run("wc -c", input="x" * 50_000)).stdout == "50000\n"
            return ssh._send_encryption is not before

    assert asyncio.run(go())


@real_sshd
def test_the_first_contact_pins_what_is_shown(student: User, port: int, person: Path, tmp_path: Path) -> None:
    one = reached(student, port)
    assert sign_in(guests([one])[one], person) == "hello\n"
    row = HostKey.objects.get()
    assert (row.key, row.given) == (host_key(tmp_path), False)


@real_sshd
def test_who_is_not_the_known_guest_sees_no_sign_in(student: User, port: int, person: Path, tmp_path: Path) -> None:
    one = reached(student, port)
    host_keys.given(one.disk, 0)
    with pytest.raises(OtherHostKey) as refused:
        sign_in(guests([one])[one], person)
    assert refused.value.shown == host_key(tmp_path)
    assert HostKey.objects.get().key == host_keys.public_line(one.disk.machine, 0)


@real_sshd
def test_a_key_of_one_more_kind_is_no_change(student: User, person: Path, tmp_path: Path) -> None:
    """The guest had an ECDSA key only, and has got an ed25519 one since, which would be preferred."""
    make_key(tmp_path, "ecdsa", kind="ecdsa")
    lines = person.with_suffix(".pub").read_text()
    with openssh(tmp_path, lines, more=[tmp_path / "ecdsa"]) as port:
        one = reached(student, port)
        host_keys.pin(one.disk, " ".join((tmp_path / "ecdsa.pub").read_text().split()[:2]))
        assert sign_in(guests([one])[one], person) == "hello\n"


def test_nothing_is_pinned_where_nothing_answers(student: User) -> None:
    one = reached(student, free_port())
    assert guests([one])[one] == Fault("Its SSH could not be reached: refused", again=True)
    assert not HostKey.objects.exists()


def test_a_guest_that_says_nothing_costs_five_seconds(student: User) -> None:
    with silent_server() as port:
        one = reached(student, port)

        def given_up() -> float:
            began = time.monotonic()
            assert guests([one])[one] == Fault("Its SSH did not answer within 5 s.", again=True)
            return time.monotonic() - began

        assert quickest(given_up, SECONDS + 2) < SECONDS + 2


@real_sshd
def test_no_public_port_is_needed(student: User, port: int, person: Path) -> None:
    one = reached(student, port)
    Tunnel.objects.filter(scheme="ssh").delete()
    Machine.objects.update(address=HERE, port_map={"22": port})
    assert sign_in(guests([one])[one], person) == "hello\n"


def test_to_a_machine_that_sleeps_there_is_no_way(student: User) -> None:
    one = reached(student, 22)
    Machine.objects.update(state="suspended")
    assert guests([one])[one] == Fault("Its SSH could not be reached: not_running", again=True)


def test_to_a_machine_that_is_gone_there_is_none_later_either(student: User) -> None:
    one = reached(student, 22)
    Machine.objects.all().delete()
    assert guests([one])[one] == Fault("The machine no longer exists.")


def test_an_agent_that_is_away_is_tried_again(student: User, settings: Any) -> None:
    settings.CLOUD = "openstack"
    one = reached(student, 22)
    Gateway.objects.update(heard_at=timezone.now() - timedelta(hours=1))
    assert guests([one])[one] == Fault("Its SSH could not be reached: agent_away", again=True)


def test_a_live_process_that_is_away_is_tried_again(student: User, settings: Any) -> None:
    settings.CLOUD, settings.LIVE_INSIDE = "openstack", f"http://{HERE}:{free_port()}"
    one = reached(student, 22)
    assert guests([one])[one] == Fault("Its SSH could not be reached: live_away", again=True)

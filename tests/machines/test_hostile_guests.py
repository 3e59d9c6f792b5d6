"""Guests that answer whatever they like while keys are put into them or lines are written."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from django.utils import timezone

from accounts.actions import make_key
from accounts.models import SshKey, User
from machines import host_keys, key_changes, key_work, portal_keys, ssh_contact, terminal_lines
from machines.host_keys import disk_of
from machines.models import KeyChange, Machine, PortalKey
from machines.ssh_contact import Guest
from tests.factories import make_machine
from tests.machines.hostile_guest import HERE, Answer, hostile
from tests.machines.sealed import give_keys
from tunnels.dialing import Way
from tunnels.models import Tunnel

pytestmark = pytest.mark.django_db
DONE = b"\nminga:done\n"


@pytest.fixture
def put(student: User, settings: Any, tmp_path: Path) -> Callable[..., KeyChange]:
    """Put a key into a machine whose guest answers so."""
    give_keys(settings, tmp_path)
    machine = make_machine(student, address=HERE)
    Tunnel.objects.filter(scheme="ssh").delete()  # no public port is needed
    portal_keys.line_for(machine.pk, 0)
    portal_keys.given(disk_of(machine), 0)
    key: SshKey = make_key(owner=student, name="laptop", by=student)[0]

    host = asyncssh.generate_private_key("ssh-ed25519")
    host_keys.pin(disk_of(machine), ssh_contact.line_of(host))

    def asked(answer: Answer, **options: Any) -> KeyChange:
        with hostile(answer, host_key=host, **options) as port:
            Machine.objects.update(port_map={"22": port})
            [change] = key_changes.put_in(key=key, machines=[Machine.objects.get()], by=student)
            key_work.tend(timezone.now())
        change.refresh_from_db()
        return change

    return asked


def says(*parts: bytes) -> Answer:
    async def answer(session: asyncssh.SSHServerProcess[bytes]) -> None:
        for part in parts:
            session.stdout.write(part)
            await session.stdout.drain()

    return answer


async def floods(session: asyncssh.SSHServerProcess[bytes]) -> None:
    while True:
        session.stdout.write(b"x" * 30_000)
        await session.stdout.drain()


async def is_silent(session: asyncssh.SSHServerProcess[bytes]) -> None:
    await asyncio.Event().wait()


def test_a_login_shell_may_say_much_first(put: Any) -> None:
    assert put(says(b"Welcome!\n" * 20_000, DONE)).state == "done"


def test_bytes_that_are_no_text_are_no_fault(put: Any) -> None:
    assert put(says(b"Espa\xf1a \xff\xfe\n", DONE)).state == "done"


def test_what_never_ends_is_broken_off(put: Any) -> None:
    assert put(floods).code == "not_taken"


def test_its_words_are_shown_as_one_plain_line(put: Any) -> None:
    change = put(says(b"\x1b[31m\x00<b>no\xe2\x80\xae\x07 room\nminga:failed\n"))
    assert str(change.note) == "The machine did not change its keys: [31m<b>no room"


def test_silence_ends_with_the_time_for_one_machine(put: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(key_work, "SECONDS", 0.3)
    change = put(is_silent)
    assert (change.state, change.tries) == ("waiting", 1)


def test_how_it_ended_is_written_whole_or_not_at_all(put: Any, monkeypatch: Any) -> None:
    """A worker that dies before it has forgotten the portal's key leaves the ask, so that the next one forgets it."""

    def dies(*_args: Any) -> None:
        raise RuntimeError

    with hostile(says(DONE)) as port:
        Machine.objects.update(port_map={"22": port})
        key_changes.remove_portal_key(machine=Machine.objects.get(), by=User.objects.get())
        with monkeypatch.context() as patch:
            patch.setattr(portal_keys, "forget", dies)
            key_work.tend(timezone.now())
        assert KeyChange.objects.get().state == "waiting"
        key_work.tend(timezone.now() + timedelta(minutes=2))
    assert PortalKey.objects.get().sealed_seed == ""


def test_nothing_packed_is_unpacked(put: Any) -> None:
    change = put(says(DONE), compression_algs=["zlib@openssh.com"])
    assert (change.state, change.tries) == ("waiting", 1)


def test_a_line_is_written_without_reading_all_that_comes_back(settings: Any, tmp_path: Path) -> None:
    portal = asyncssh.generate_private_key("ssh-ed25519")
    portal.write_private_key(tmp_path / "portal_key")
    settings.PORTAL_KEY_FILE = str(tmp_path / "portal_key")
    host = asyncssh.generate_private_key("ssh-ed25519")
    line = " ".join(host.export_public_key().decode().split()[:2])
    with hostile(floods, host_key=host) as port:
        guest = Guest(Way(target=(HERE, port)), "student", line)
        assert asyncio.run(terminal_lines.send({guest: "hello"}))[guest].fault == "No terminal is open."

"""Sentences for a person where no terminal opens."""

import contextlib
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from machines import host_keys
from machines.host_keys import disk_of
from machines.models import HostKey, Machine, PortalKey
from portal.live import guest_connections
from portal.live.guest_door import STARTS_FOR
from tests.accounts.postman import silent_server
from tests.live.process import LiveProcess
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import kind as kind
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_stage import View, view
from tests.machines.idle.guest import can_run, host_key

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


def test_a_guest_that_does_not_answer(live: LiveProcess, machine: Machine, student: User) -> None:
    Machine.objects.update(state_since=timezone.now() - STARTS_FOR)
    with contextlib.closing(view(live, machine, student)) as waiting:
        assert waiting.ends() == (4004, "unreachable")
        assert waiting.of("end")[0]["again"]
        assert "a restart may help" in waiting.of("end")[0]["text"]


def test_a_guest_that_may_still_be_starting(live: LiveProcess, machine: Machine, student: User) -> None:
    with contextlib.closing(view(live, machine, student)) as waiting:
        assert waiting.ends() == (4004, "unreachable")
        assert "may still be starting" in waiting.of("end")[0]["text"]


def test_a_guest_that_hangs_in_the_handshake(
    live: LiveProcess, machine: Machine, student: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest_connections, "SECONDS", 0.3)
    with silent_server() as port:
        Machine.objects.update(port_map={"22": port})
        with contextlib.closing(view(live, machine, student)) as waiting:
            assert waiting.ends() == (4004, "unreachable")


def test_another_host_key_is_refused_with_what_it_means(
    live: LiveProcess, machine: Machine, student: User, home: Path
) -> None:
    host_keys.given(disk_of(machine), 0)
    with contextlib.closing(view(live, machine, student)) as waiting:
        assert waiting.ends() == (4004, "host_key")
        assert "ask an administrator to accept" in waiting.of("end")[0]["text"]


def test_the_first_contact_pins_the_host_key(opened: View, tmp_path: Path) -> None:
    assert HostKey.objects.get().key == host_key(tmp_path)


def test_a_guest_that_does_not_know_the_key(live: LiveProcess, machine: Machine, student: User, home: Path) -> None:
    (home / ".ssh" / "authorized_keys").write_text("")
    with contextlib.closing(view(live, machine, student)) as waiting:
        assert waiting.ends() == (4004, "refused")


def test_a_machine_without_a_key_of_ours(live: LiveProcess, machine: Machine, student: User) -> None:
    PortalKey.objects.all().delete()
    with contextlib.closing(view(live, machine, student)) as waiting:
        assert waiting.ends() == (4004, "no_portal_key")


def test_a_machine_that_sleeps(live: LiveProcess, machine: Machine, student: User) -> None:
    Machine.objects.update(state="suspended", wanted="suspended")
    with contextlib.closing(view(live, machine, student)) as waiting:
        assert waiting.ends() == (4004, "not_running")


def test_sentences_are_in_the_persons_language(live: LiveProcess, machine: Machine, student: User) -> None:
    User.objects.update(language="es")
    Machine.objects.update(state="suspended", wanted="suspended")
    with contextlib.closing(view(live, machine, student)) as waiting:
        waiting.ends()
        assert waiting.of("end")[0]["text"] == "Está dormida. Despiértala primero."


def test_others_wait_in_a_queue_and_know_their_place(
    live: LiveProcess, machine: Machine, student: User, admin: User, home: Path
) -> None:
    queue = live.server.config.app.guests.queue
    free, queue.free = queue.free, 0
    with (
        contextlib.closing(view(live, machine, student)) as first,
        contextlib.closing(view(live, machine, admin)) as second,
    ):
        second.until(lambda: {"type": "wait", "place": 1} in second.told)
        queue.free = free - 1
        live.call(queue._pass_on)
        first.opens()
        second.opens()

"""Who may have a terminal in a machine, and for how long."""

import contextlib
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from accounts.live_tickets import tickets
from accounts.live_tickets.tickets import Proof
from accounts.models import AuditRow, User
from machines.models import Machine
from portal.live_addresses import terminal_purpose
from tests.live.process import LiveProcess, session_of
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import kind as kind
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_fixtures import without_tmux as without_tmux
from tests.live.terminals.guest_stage import View, view
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


def test_by_a_ticket_a_program_comes_in_once(live: LiveProcess, machine: Machine, student: User, home: Path) -> None:
    proof = Proof("session", session_of(student), student.get_session_auth_hash())
    text = tickets.make(student, proof, scope=terminal_purpose(machine.pk), now=timezone.now())
    with contextlib.closing(view(live, machine, ticket=text)) as program:
        program.opens()
    with pytest.raises(InvalidStatus):
        view(live, machine, ticket=text)


@pytest.mark.parametrize("who", ["student2", "teacher", "donor"])
def test_for_others_there_is_no_such_machine(
    live: LiveProcess, machine: Machine, who: str, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(InvalidStatus):
        view(live, machine, request.getfixturevalue(who))


def test_an_administrators_visit_is_recorded(live: LiveProcess, machine: Machine, admin: User, home: Path) -> None:
    with contextlib.closing(view(live, machine, admin)) as visit:
        visit.opens()
    assert AuditRow.objects.filter(who=admin, verb="connect", object_id=str(machine.pk)).count() == 1


def test_a_page_of_another_origin_is_refused(live: LiveProcess, machine: Machine, student: User, settings: Any) -> None:
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(student)}"}
    address = f"ws://localhost:{live.port}/live/terminal/{machine.pk}/1"
    with (
        pytest.raises(InvalidStatus),
        connect(address, additional_headers=headers, origin=Origin("http://evil.example"), proxy=None),
    ):
        pass


@pytest.mark.parametrize(
    "path", ["1/1", "00000000-0000-0000-0000-000000000000/1", "{pk}/", "{pk}/A", "{pk}/1/2", "{pk}/" + "1" * 21]
)
def test_no_other_address_is_one(live: LiveProcess, machine: Machine, student: User, path: str, settings: Any) -> None:
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_of(student)}"}
    address = f"ws://localhost:{live.port}/live/terminal/{path.format(pk=machine.pk)}"
    with (
        pytest.raises(InvalidStatus),
        connect(address, additional_headers=headers, origin=Origin(live.url), proxy=None),
    ):
        pass


def sign_out(_student: User, _machine: Machine) -> None:
    Session.objects.all().delete()


def block(student: User, _machine: Machine) -> None:
    User.objects.filter(pk=student.pk).update(is_active=False)


def give_away(_student: User, machine: Machine) -> None:
    Machine.objects.update(owner=User.objects.create_user("another"))


def delete(_student: User, machine: Machine) -> None:
    Machine.objects.update(state="gone", wanted="gone")


@pytest.mark.parametrize("lose", [sign_out, block, give_away, delete])
def test_a_right_that_ends_closes_it(machine: Machine, student: User, opened: View, lose: Any) -> None:
    lose(student, machine)
    assert opened.ends() == (4003, "rights")


def test_the_shell_stays_for_who_signs_in_again(
    live: LiveProcess, machine: Machine, student: User, kind: str, opened: View
) -> None:
    opened.type("HERE=still; echo $((6*7))-set\n")
    opened.shows("42-set")
    sign_out(student, machine)
    opened.ends()
    with contextlib.closing(view(live, machine, student)) as again:
        again.opens()
        again.type("echo [$HERE]\n")
        again.shows("[still]")


def test_the_shell_of_who_was_blocked_ends(live: LiveProcess, machine: Machine, student: User, opened: View) -> None:
    block(student, machine)
    opened.ends()
    terminals = live.server.config.app.terminals.terminals
    until(lambda: not terminals, "the shell's connection is closed")

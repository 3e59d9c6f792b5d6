"""The console's word on cloud-init: its last line while it runs; then how it ended. A machine without it waits for nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from cloud.contract import CloudBusy
from machines import actions
from machines.models import Machine
from machines.states import Setup
from machines.stepper.first_boot import LATEST, failures_of, read, tend
from portal.presenters.machine_card import Shown
from portal.presenters.show_machines import show_all
from tests.factories import make_machine
from tests.machines.world import World

CONSOLES = Path(__file__).parent / "consoles"  # recorded: Debian 12, cloud-init 22.4.2, Nova of Zed
BEGIN = "[    9.1] cloud-init[310]: Cloud-init v. 22.4.2 running 'init-local' at Thu, 26 Nov 2026. Up 9.11 seconds."
WORK = "Setting up nginx-core (1.22.1-9) ..."
FAULT = "cc_scripts_user.py[WARNING]: Failed to run module scripts-user (scripts in /var/lib)"
LOGGED = f"2026-11-26 12:00:00,001 - {FAULT}"
END = "Cloud-init v. 22.4.2 finished at Thu, 26 Nov 2026. Datasource DataSourceOpenStack [net,ver=2].  Up 60.2 seconds"


def show(machine: Machine) -> Shown:
    return show_all([machine], machine.owner)[0]


def says(world: World, *lines: str) -> None:
    world.cloud.console = [BEGIN, *map(ours, lines)]


def ours(line: str) -> str:
    """Write a line as systemd writes those of cloud-init; a failure has a time of its own."""
    return f"[   42.1] cloud-init[400]: {LOGGED if line == FAULT else line}"


def later(world: World, machine: Machine) -> Machine:
    """Move to the time of the next look, and return the machine as it is then."""
    world.clock.move(LATEST.total_seconds() + 1)
    tend(world.cloud, timezone.now())
    world.agent()
    machine.refresh_from_db()
    return machine


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), (False, False, "", "")),
        (("fake-guest: ready",), (False, False, "fake-guest: ready", "")),
        ((BEGIN, ours(WORK)), (True, False, WORK, "")),
        ((BEGIN, ours(WORK), "Debian GNU/Linux 12 lab ttyS0", "lab login: "), (True, False, WORK, "")),
        ((BEGIN, "lab login: " + ours(WORK)), (True, False, WORK, "")),
        ((BEGIN, ours(WORK), "[   50.1] Out of memory: Killed process 12 (apt)"), (True, False, WORK, "")),
        ((ours(WORK),), (True, False, WORK, "")),  # it has written so much that its beginning is no longer told
        ((BEGIN, ours(WORK), ours("+----[SHA256]-----+"), ours("ci-info: | lo | True |")), (True, False, WORK, "")),
        ((BEGIN.split(": ", 1)[1], WORK), (True, False, WORK, "")),  # an image that does not mark its lines
        ((BEGIN, ours(FAULT), ours(END)), (True, True, END, FAULT)),
        ((BEGIN, ours("apt: not found"), ours(FAULT), ours(END)), (True, True, END, f"apt: not found · {FAULT}")),
        ((BEGIN, ours(FAULT), ours(END), BEGIN, ours(END)), (True, True, END, "")),  # a restart: the last boot counts
        ((BEGIN, "done", "[  OK  ] Reached target cloud-init.target - Cloud-init target."), (True, True, None, "")),
        ((BEGIN, ours("2026 - util.py[WARNING]: Used fallback datasource"), ours(END)), (True, True, END, "")),
    ],
)
def test_a_console_is_read(lines: tuple[str, ...], told: tuple[bool, bool, str | None, str]) -> None:
    found = read("\r\n".join(lines))
    assert (found.is_there, found.has_ended, found.fault) == (told[0], told[1], told[3])
    assert told[2] is None or found.line == told[2]


def test_a_hostile_console_is_cut_to_what_prints() -> None:
    assert read("\x1bM\x1b]0;title\x07\x1b[31mred\x00\u202e" + "x" * 9999).line == ("red" + "x" * 9999)[:200].replace(
        "\u202e", ""
    )


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("slow", ""),
        (
            "fails",
            "ls: cannot access '/no-such-folder': No such file or directory · cc_scripts_user.py[WARNING]: Failed",
        ),
        (
            "packages",
            "E: Unable to locate package nginx · util.py[WARNING]: Failed to install packages: ['nginx', 'tree']",
        ),
    ],
)
def test_a_real_console_is_read(name: str, fault: str) -> None:
    told = read((CONSOLES / f"{name}.txt").read_text())
    assert (told.is_there, told.has_ended, told.fault[: len(fault)]) == (True, True, fault)
    assert told.fault or not fault


@pytest.mark.parametrize(
    ("until", "line"),
    [(16, "Cloud-init v. 22.4.2 running 'init' at"), (57, "SHA256:sOGd"), (65, "course files, part 1 of 9")],
)
def test_the_last_line_of_a_real_console_tells_of_the_setup(until: int, line: str) -> None:
    lines = (CONSOLES / "slow.txt").read_text().splitlines()
    assert read("\n".join(lines[:until])).line.startswith(line)


def test_what_systemd_draws_while_it_waits_is_no_line(world: World) -> None:
    frame = "\x1bM\r\r\x1b[K[ \x1b[0;31m*\x1b[0;1;31m*\x1b[0m\x1b[0;31m* \x1b[0m] Job systemd-networkd-wait-online.se…tart running (31s)\r"
    assert read("\n".join(["Starting up", *[frame] * 9])).line == "Starting up"


def test_while_it_runs_its_last_line_is_read_and_then_it_is_ready(world: World) -> None:
    says(world, WORK)
    machine = world.running()
    assert show(machine).sentence == f"Its first-boot setup still runs: {WORK}"
    assert not show(machine).is_ready
    says(world, WORK, END)
    assert show(later(world, machine)).sentence == "It is ready: connect to it."
    assert (machine.setup, show(machine).is_ready, machine.setup_next_at) == ("done", True, None)


def test_while_it_is_built_its_progress_says_so(world: World) -> None:
    says(world, WORK)
    world.silent = {"http"}
    machine = world.launch()
    for _turn in range(20):
        world.turn()
    machine.refresh_from_db()
    assert show(machine).sentence == f"Its first-boot setup still runs: {WORK}"


def test_a_slow_computer_is_looked_at_until_something_answers(world: World) -> None:
    """The machine is called running before it has come as far as cloud-init."""
    world.silent = {"ssh", "http"}
    machine = world.launch()
    for _turn in range(9):
        world.turn()
    world.clock.move(200)
    machine = world.until(machine, "running")
    says(world, WORK)
    assert later(world, machine).setup == "running"
    says(world, FAULT, END)
    assert later(world, machine).setup == "failed"


def test_a_failure_stands_until_its_owner_has_seen_it(world: World) -> None:
    says(world, FAULT, END)
    machine = world.running()
    assert FAULT in show(machine).sentence
    assert FAULT in " ".join(str(event.note) for event in machine.events.all())
    actions.dismiss(machine=machine, by=world.student)
    machine.refresh_from_db()
    assert (show(machine).sentence, machine.setup) == ("It is ready: connect to it.", "failed")


def test_a_failure_that_has_left_the_console_is_remembered(world: World) -> None:
    says(world, FAULT)
    machine = world.running()
    says(world, END)
    assert (later(world, machine).setup, machine.setup_fault) == ("failed", FAULT)


def test_who_teaches_hears_of_failures(world: World) -> None:
    says(world, FAULT, END)
    machine = world.running()
    assert failures_of([machine.template_id]) == {machine.template_id: (1, FAULT)}


def test_an_image_without_cloud_init_is_never_looked_at_again(world: World) -> None:
    machine = world.running()
    looks = world.called("console_log")
    assert (machine.setup, machine.setup_next_at, looks) == ("", None, 1)
    later(world, machine)
    assert world.called("console_log") == looks


def test_after_an_hour_nobody_looks_any_more(world: World) -> None:
    says(world, WORK)
    machine = world.running()
    world.clock.move(3601)
    assert (later(world, machine).setup, machine.setup_next_at) == ("overdue", None)
    assert "had not ended after an hour" in show(machine).sentence


def test_a_cloud_that_is_busy_holds_nobody_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_args: object) -> str:
        raise CloudBusy("Not now.")

    says(world, FAULT, END)
    with monkeypatch.context() as patch:
        patch.setattr(world.cloud, "console_log", busy)
        machine = world.running()
    assert later(world, machine).setup == "failed"


@pytest.mark.slow
def test_an_hour_of_setup_costs_few_looks(world: World) -> None:
    says(world, WORK)
    machine = world.running()
    for _turn in range(370):
        world.clock.move(10)
        tend(world.cloud, timezone.now())
    machine.refresh_from_db()
    assert (machine.setup, world.called("console_log") < 90) == ("overdue", True)


def test_a_reset_begins_anew(world: World) -> None:
    says(world, FAULT, END)
    machine = world.running()
    world.cloud.console = []
    actions.reset(machine=machine, by=world.student)
    world.turn()
    assert (world.until(machine, "running").setup, machine.setup_fault) == ("", "")


def test_a_restart_is_no_first_boot(world: World) -> None:
    machine = world.running()
    says(world, FAULT, END)
    actions.restart(machine=machine, by=world.student)
    world.turn()
    assert world.until(machine, "running").setup == ""


def test_the_more_there_are_the_rarer_each_is_looked_at(world: World) -> None:
    """A class that launches at once: its consoles are read once a second in all, whoever it is."""
    now = timezone.now()
    for number in range(15):
        make_machine(world.student, name=f"m-{number}", setup=Setup.RUNNING, setup_since=now, setup_next_at=now)
    tend(world.cloud, now)
    assert {machine.setup_next_at - now for machine in Machine.objects.all()} == {timedelta(seconds=15)}

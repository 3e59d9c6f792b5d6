"""New guests of QEMU go on from a saved boot, each as its own; without one they boot as ever."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud.contract import Server, ServerSpec, Status
from cloud.localcloud.saved_boots import Host, Shape
from tests.cloud.conftest import QEMU, in_group, look, open_stage
from tests.cloud.local_stage import LocalStage, insist, ssh
from tests.waiting import PATIENCE, until

Specs = Callable[..., ServerSpec]
qemu = pytest.mark.parametrize("stage", in_group("guests")[1:], indirect=True)
# What a guest draws from its random pool: two ids, some bytes, the fingerprint of its host key.
DRAWN = (
    "cd /proc/sys/kernel/random; cat uuid boot_id; head -c 16 /dev/urandom | base64; "
    "dropbearkey -y -f /etc/dropbear/host_key | grep ^ssh-ed25519 | cut -d ' ' -f 2"
)
SHAPE = Shape(1, 256, 2**30, screen=False)
HOST = Host("tcg", "qemu 7.2", "a processor", "6.1", "code")


def launched(stage: LocalStage, *specs: ServerSpec) -> list[Server]:
    made = [insist(stage.cloud.ensure_server, spec) for spec in specs]
    stage.settle()
    return [look(stage, server) for server in made]


def went_on(stage: LocalStage, server: Server) -> bool:
    """Return whether the guest started from a saved boot."""
    log = stage.cloud.console_log(server.id)
    assert "minga-guest: ready" in log
    return "minga-guest: going on" in log


@qemu
def test_two_guests_share_no_key_and_no_random_number(stage: LocalStage, make_spec: Specs, key: Path) -> None:
    pair = launched(stage, make_spec(stage), make_spec(stage))
    assert [went_on(stage, server) for server in pair] == [True, True]
    one, other = (ssh(server, key, DRAWN, user="root").stdout.splitlines() for server in pair)
    assert (len(one), len(other)) == (4, 4)
    assert not set(one) & set(other)
    for server in pair:
        stage.cloud.ensure_deleted(server.id)


@qemu
def test_its_clock_is_right_from_the_start(stage: LocalStage, make_spec: Specs, key: Path) -> None:
    before = time.time()
    (server,) = launched(stage, make_spec(stage))
    written_at = int(ssh(server, key, "stat -c %Y /etc/minga-id").stdout)  # by its first start, before it is ready
    assert before - 1.5 < written_at < time.time() + 1.5
    stage.cloud.ensure_deleted(server.id)


@qemu
def test_a_bigger_guest_goes_on_from_a_boot_of_its_size(stage: LocalStage, make_spec: Specs, key: Path) -> None:
    (server,) = launched(stage, make_spec(stage, flavor_id="medium", vnc_password="s3cret"))
    assert went_on(stage, server)
    processors, megabytes = ssh(server, key, "nproc; free -m | awk '/Mem/ {print $2}'").stdout.split()
    assert (processors, int(megabytes) > 900) == ("2", True)
    stage.cloud.ensure_deleted(server.id)


@qemu
def test_it_reboots_from_inside_as_any_guest(stage: LocalStage, server: Server, key: Path) -> None:
    before = ready_lines(stage, server)
    ssh(server, key, "reboot", user="root")
    until(lambda: ready_lines(stage, server) > before, "it is ready again")
    assert "minga.wait" not in ssh(server, key, "cat /proc/cmdline").stdout


def ready_lines(stage: LocalStage, server: Server) -> int:
    return stage.cloud.console_log(server.id).count("minga-guest: ready")


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[LocalStage]:
    """A cloud whose guest's build is a copy without saved boots, so that it may be damaged."""
    yield from on_a_copy(tmp_path, "boot-*", "screen-*")


@pytest.fixture
def with_boots(tmp_path: Path) -> Iterator[LocalStage]:
    """The like with the boots that there are: to make one anew takes ten seconds of processor."""
    yield from on_a_copy(tmp_path, "screen-*", "*.part")


def on_a_copy(tmp_path: Path, *without: str) -> Iterator[LocalStage]:
    stage = open_stage(tmp_path / "data", "qemu")
    link = build(stage)
    built = link.resolve()
    link.unlink()
    shutil.copytree(built, link, symlinks=True, ignore=shutil.ignore_patterns(*without))
    yield stage
    stage.clean_up()


def build(stage: LocalStage) -> Path:
    return next(stage.data.glob("tiny-linux-*"))


def saved(stage: LocalStage) -> list[Path]:
    return list(build(stage).glob("boot-*/memory"))


@pytest.mark.parametrize("_kind", [QEMU])
def test_many_at_once_share_one_that_one_of_them_makes(alone: LocalStage, make_spec: Specs, _kind: str) -> None:
    servers = launched(alone, *(make_spec(alone) for _ in range(4)))
    assert [server.status for server in servers] == [Status.ACTIVE] * 4
    assert all(went_on(alone, server) for server in servers)
    assert (alone.said().count("saved a boot"), len(saved(alone)), len(alone.processes())) == (1, 1, 4)


@pytest.mark.parametrize("_kind", [QEMU])
def test_from_a_damaged_one_nobody_goes_on(with_boots: LocalStage, make_spec: Specs, key: Path, _kind: str) -> None:
    launched(with_boots, make_spec(with_boots))
    cut_short(saved(with_boots))  # while it runs, and it has looked at its checksum already
    (server,) = launched(with_boots, make_spec(with_boots))
    assert (went_on(with_boots, server), "each boots by itself" in with_boots.said()) == (False, True)
    assert ssh(server, key, "hostname").stdout.strip() == server.name


@pytest.mark.parametrize("_kind", [QEMU])
def test_one_that_was_damaged_between_two_runs_is_made_anew(
    with_boots: LocalStage, make_spec: Specs, _kind: str
) -> None:
    launched(with_boots, make_spec(with_boots))
    cut_short(saved(with_boots))
    with_boots.end()
    with_boots.start()
    (server,) = launched(with_boots, make_spec(with_boots))
    assert (went_on(with_boots, server), "is damaged and made anew" in with_boots.said()) == (True, True)


@pytest.mark.parametrize("_kind", [QEMU])
def test_a_start_that_was_cut_off_before_the_guest_ran_is_begun_anew(
    with_boots: LocalStage, make_spec: Specs, key: Path, _kind: str
) -> None:
    (server,) = launched(with_boots, make_spec(with_boots))
    [pid] = with_boots.processes()
    command = Path(f"/proc/{pid}/cmdline").read_text().split("\0")[:-1]
    assert command[-1] == "defer"  # it waits for a memory
    ssh(server, key, "poweroff", user="root")
    until(lambda: look(with_boots, server).status == Status.STOPPED, "it is off")
    with_boots.end(signal.SIGKILL)
    with started(command) as cut_off:
        until(with_boots.processes, "it waits")
        with_boots.start()
        with_boots.cloud.ensure_running(server.id)
        with_boots.settle()
        answer = until(lambda: ssh(look(with_boots, server), key, "hostname").stdout.strip(), "its SSH answers")
        assert answer == server.name
        cut_off.wait(PATIENCE)


@contextmanager
def started(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


def cut_short(memories: list[Path]) -> None:
    assert memories
    for memory in memories:
        with open(memory, "r+b") as file:
            file.truncate(memory.stat().st_size // 2)


@pytest.mark.parametrize("what", ["accel", "qemu", "processor", "kernel", "code"])
def test_another_host_has_another_one(what: str) -> None:
    assert replace(HOST, **{what: "another"}).key != HOST.key


@pytest.mark.parametrize("change", [{"vcpus": 2}, {"ram_mb": 512}, {"disk_bytes": 2**31}, {"screen": True}])
def test_another_shape_has_another_one(change: dict[str, Any]) -> None:
    assert str(replace(SHAPE, **change)) != str(SHAPE)


def test_this_host_is_known_by_all_that_counts() -> None:
    assert all(vars(Host.this("tcg")).values())

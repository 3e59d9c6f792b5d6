"""The sentences of a launcher that cannot start, and the end of leftovers. No whole Minga is started here."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import child, free_ports, installation, pidfiles, services, stamps
from deploy.local.errors import LauncherError
from deploy.local.redis import quoted
from tests.ports import free_port
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]


def launch(data: Path | str, port: str = "0") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA": str(data), "PORT": port}
    return subprocess.run(
        [sys.executable, "-m", "deploy.local"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def assert_one_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1
    assert done.stderr.startswith("minga: ")
    assert len(done.stderr.strip().splitlines()) == 1
    for word in words:
        assert word in done.stderr


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        yield holder.getsockname()[1]


def test_a_port_in_use_is_a_sentence(tmp_path: Path, taken_port: int) -> None:
    assert_one_sentence(launch(tmp_path, str(taken_port)), str(taken_port), "make run PORT=")


def test_a_port_that_is_no_number_is_a_sentence(tmp_path: Path) -> None:
    assert_one_sentence(launch(tmp_path, "eighty"), "PORT=eighty")


def test_a_folder_that_cannot_be_written_is_a_sentence() -> None:
    assert_one_sentence(launch("/sys/minga"), "/sys/minga", "DATA=")


def test_a_file_in_place_of_the_folder_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_one_sentence(launch(tmp_path / "file" / "data"), "DATA=")


def test_a_second_start_on_one_folder_is_a_sentence(tmp_path: Path) -> None:
    from deploy.local import installation

    with installation.take(tmp_path):
        assert_one_sentence(launch(tmp_path), "already runs")


def test_a_lock_that_a_killed_one_left_to_its_child_is_waited_for(tmp_path: Path) -> None:
    from deploy.local import installation

    held = installation.take(tmp_path)
    threading.Timer(0.3, held.close).start()
    installation.take(tmp_path).close()


def test_an_old_python_is_a_sentence() -> None:
    script = "import sys, runpy; sys.version_info = (3, 9); sys.argv = ['bootstrap.py', 'run']; runpy.run_path(%r, run_name='__main__')"
    bootstrap = str(ROOT / "deploy" / "local" / "bootstrap.py")
    done = subprocess.run(
        [sys.executable, "-c", script % bootstrap], env={"PATH": "/nowhere"}, capture_output=True, text=True
    )
    assert_one_sentence(done, "Python 3.11")


def test_ports_stay_the_same(tmp_path: Path) -> None:
    first = free_ports.choose(tmp_path / "ports.json", ["a", "b"])
    assert free_ports.choose(tmp_path / "ports.json", ["a", "b"]) == first


def test_a_kept_port_that_was_taken_is_replaced(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"a": taken_port, "vps_first": 23000}))
    assert free_ports.choose(tmp_path / "ports.json", ["a"])["a"] != taken_port


def test_the_public_range_is_kept(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text(json.dumps({"vps_first": 27000}))
    chosen = free_ports.choose(tmp_path / "ports.json", [])
    assert (chosen["vps_first"], chosen["vps_last"]) == (27000, 27999)


def test_secrets_are_for_the_owner_only(tmp_path: Path) -> None:
    from deploy.local import installation

    with installation.take(tmp_path) as lock:
        settled = installation.settle(tmp_path, str(free_port()), lock)
        modes = [stat.S_IMODE(settled.secret_file(name).stat().st_mode) for name in installation.SECRETS]
    assert modes == [0o600] * len(installation.SECRETS)


def sleeper(tmp_path: Path, script: str) -> subprocess.Popen[bytes]:
    program = child.Program("sleeper", ["/bin/sh", "-c", script])
    return child.start(program, log=tmp_path / "sleeper.log", pidfile=tmp_path / "sleeper.pid")


@pytest.mark.slow
def test_a_leftover_of_any_service_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OS_CLOUD", "OS_AUTH_URL", "EMAIL_URL"):
        monkeypatch.delenv(name, raising=False)
    with installation.take(tmp_path) as lock:
        known = services.all_services(installation.settle(tmp_path, str(free_port()), lock))
    assert {service.name for service in known} == set(pidfiles.ORDER)


@pytest.mark.slow
def test_a_leftover_is_ended(tmp_path: Path) -> None:
    process = sleeper(tmp_path, "sleep 60")
    assert pidfiles.end_leftover(tmp_path / "sleeper.pid", gently=signal.SIGTERM, seconds=2)
    assert process.wait(PATIENCE) == -signal.SIGTERM


@pytest.mark.slow
def test_the_children_of_a_dead_leftover_are_ended(tmp_path: Path) -> None:
    process = sleeper(tmp_path, "sleep 60 & sleep 60 & wait")
    until(lambda: len(psutil.Process(process.pid).children()) == 2, "its children are there")
    process.kill()
    process.wait()
    assert pidfiles.end_leftover(tmp_path / "sleeper.pid", gently=signal.SIGTERM, seconds=2)
    assert not pidfiles.has_members(process.pid)


def test_a_stranger_with_the_same_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        pidfiles.PidFile(stranger.pid, "12345", "postgres").write(tmp_path / "postgres.pid")
        assert not pidfiles.end_leftover(tmp_path / "postgres.pid", gently=signal.SIGTERM, seconds=1)
        assert stranger.poll() is None
        stranger.kill()


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import pathlib, os, signal; from deploy.local import child; here = pathlib.Path(%r);"
        "child.start(child.Program('a', ['sleep', '60']), log=here / 'a.log', pidfile=here / 'a.pid');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script % str(tmp_path)], cwd=ROOT)
    left = pidfiles.read(tmp_path / "a.pid")
    assert left is not None
    until(lambda: not left.is_alive(), "it is dead")


def test_a_stamp_is_stale_when_a_file_changed(tmp_path: Path) -> None:
    source, stamp = tmp_path / "source", tmp_path / "stamp"
    source.write_text("one")
    stamps.write(stamp, stamps.fingerprint(tmp_path, [source]))
    source.write_text("two")
    assert not stamps.is_fresh(stamp, stamps.fingerprint(tmp_path, [source]))


def test_a_long_log_is_set_aside_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "LOG_BYTES", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a long first line")
        child.rotate_log(log)
        writer.write(b"second")
    assert (log.read_bytes(), (tmp_path / "web.old.log").read_bytes()) == (b"second", b"a long first line")


def test_the_pages_are_at_localhost_and_the_machines_ports_are_not(tmp_path: Path) -> None:
    """A browser sends the cookies of a name to every port of it."""
    from deploy.local import installation, services

    with installation.take(tmp_path) as lock:
        settled = installation.settle(tmp_path, str(free_port()), lock)
        settings = services.site_settings(settled)
    assert settings["PORTAL_URL"] == settled.url == f"http://localhost:{settled.web_port}"
    assert settings["SECRET_KEY"] == settled.secrets["secret_key"]


def test_a_port_that_is_taken_at_the_other_address_is_no_free_one() -> None:
    if "::1" not in free_ports.loopbacks():
        pytest.skip("no IPv6 here")
    with socket.socket(socket.AF_INET6) as holder:
        holder.bind(("::1", 0))
        holder.listen()
        with pytest.raises(LauncherError, match="already in use"):
            free_ports.web_port(str(holder.getsockname()[1]))


def test_a_path_with_quotes_is_one_for_redis_too() -> None:
    assert quoted(Path('/a "b" \\c ñ')) == '"/a \\"b\\" \\\\c ñ"'

"""The local cloud's process: how it starts and refuses to, how it fills up, and how its client takes trouble."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from cloud.contract import CloudBusy, CloudFull, CloudRefused, Owner, Server, ServerSpec, Status
from cloud.local import LocalCloud
from cloud.localcloud import store
from tests.cloud.conftest import look
from tests.cloud.local_stage import LocalStage, insist
from tests.ports import free_port
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow

Specs = Callable[..., ServerSpec]
Make = Callable[..., LocalStage]


def refused_start(data: Path, port: int, *options: str) -> str:
    """Return the one line on stderr of a start that is refused with exit code 1."""
    command = [sys.executable, "-m", "cloud.localcloud", "--data", str(data), "--port", str(port)]
    more = ["--token-file", str(data / "token"), *(options or ("--guests", "simulated"))]
    done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert "Address already in use" in refused_start(tmp_path, other.getsockname()[1])


def test_data_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in refused_start(tmp_path / "file" / "data", free_port())


def test_two_on_one_folder_are_one_too_many(make_stage: Make) -> None:
    stage = make_stage("simulated")
    assert "already works in" in refused_start(stage.data, free_port())


def test_a_lock_that_a_killed_one_left_to_its_child_is_waited_for(tmp_path: Path) -> None:
    held = store.lock(tmp_path)
    threading.Timer(0.3, os.close, [held]).start()
    os.close(store.lock(tmp_path))


def test_qemu_without_qemu_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "is not installed" in refused_start(tmp_path, free_port(), "--guests", "qemu")


def test_the_token_is_for_its_owner_only(make_stage: Make) -> None:
    assert ((make_stage("simulated").data / "token").stat().st_mode & 0o777) == 0o600


def test_a_wrong_token_is_refused(make_stage: Make) -> None:
    stage = make_stage("simulated")
    stranger = LocalCloud(f"http://127.0.0.1:{stage.port}", "guess")
    with pytest.raises(CloudRefused):
        stranger.list_servers()
    stranger.close()


def test_a_cloud_that_is_down_is_busy() -> None:
    cloud = LocalCloud(f"http://127.0.0.1:{free_port()}", "token")
    with pytest.raises(CloudBusy):
        cloud.list_servers()
    cloud.close()


def test_it_fills_up_and_has_room_again(make_stage: Make, make_spec: Specs) -> None:
    stage = make_stage("simulated", "--vcpus", "2", "--build-seconds", "0.1")
    first = [stage.cloud.ensure_server(make_spec(stage)) for _ in range(2)]
    with pytest.raises(CloudFull):
        stage.cloud.ensure_server(make_spec(stage))
    stage.cloud.ensure_deleted(first[0].id)
    stage.settle()
    assert stage.cloud.ensure_server(make_spec(stage)).status == Status.BUILDING


def test_a_shelved_server_waits_for_room(make_stage: Make, make_spec: Specs) -> None:
    stage = make_stage("simulated", "--vcpus", "1", "--build-seconds", "0.1")
    shelved = stage.cloud.ensure_server(make_spec(stage))
    stage.settle()
    stage.cloud.ensure_shelved(shelved.id)
    stage.settle()
    stage.cloud.ensure_server(make_spec(stage))
    with pytest.raises(CloudFull):
        stage.cloud.ensure_running(shelved.id)


def test_a_build_is_seen_in_its_sub_steps(make_stage: Make, make_spec: Specs) -> None:
    """See each of them in one of eight builds: what lasts 0.3 s may be missed where the computer is busy."""
    stage = make_stage("simulated", "--build-seconds", "1.2", "--vcpus", "64")
    all_steps = ["scheduling", "networking", "block_device_mapping", "spawning"]
    found: set[str] = set()

    def all_were_seen() -> bool:
        seen = tasks_seen(stage, stage.cloud.ensure_server(make_spec(stage)))
        assert seen == [step for step in all_steps if step in seen]
        found.update(seen)
        return found == set(all_steps)

    assert any(all_were_seen() for _try in range(8)), found


def tasks_seen(stage: LocalStage, server: Server) -> list[str]:
    seen = [server.task]
    while (now := look(stage, server)).task:
        if now.task != seen[-1]:
            seen.append(now.task)
        time.sleep(0.02)
    return seen


def test_a_strange_cursor_gets_the_whole_list(make_stage: Make, make_spec: Specs) -> None:
    stage = make_stage("simulated")
    stage.cloud.ensure_server(make_spec(stage))
    listing = stage.cloud.list_servers("of-another-cloud:12")
    assert listing.whole
    assert len(listing.servers) == 1


def test_nonsense_is_refused_and_not_an_error(make_stage: Make) -> None:
    stage = make_stage("simulated")
    server_id = stage.cloud.ensure_server(ServerSpec("m", Owner("o"), "n", "tiny", "simulated-linux")).id
    with pytest.raises(CloudRefused):
        insist(stage.cloud.ensure_ports, server_id, frozenset({70000}))


@pytest.mark.slow
def test_two_hundred_are_listed_and_found_again(make_stage: Make, make_spec: Specs) -> None:
    stage = make_stage("simulated", "--build-seconds", "0")
    for _ in range(200):
        stage.cloud.ensure_server(make_spec(stage))
    stage.settle()
    before = {server.id for server in stage.servers()}
    assert len(before) == 200
    stage.end()
    stage.start()
    assert {server.id for server in stage.servers()} == before


def test_a_disk_that_is_gone_stops_no_start(make_stage: Make, make_spec: Specs) -> None:
    """A delete takes the disk first. Killed after that, the next start finds a server that runs, without one."""
    own = make_stage("simulated")
    made = own.cloud.ensure_server(make_spec(own))
    own.settle()
    own.end(signal.SIGKILL)
    with closing(sqlite3.connect(own.data / "simulated.sqlite3")) as state:
        state.execute("delete from files where server_id = ?", (made.id,))
        state.commit()
    own.start()
    until(lambda: look(own, made).status == Status.STOPPED, "the server is told to be stopped")

"""Guests of the local cloud answer, keep their memory, and outlive the process that runs them."""

import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud.contract import Server, ServerSpec, Status
from tests.cloud.conftest import LOCAL, QEMU, in_group, look
from tests.cloud.local_stage import LocalStage, insist, is_open, make_key, ssh
from tests.waiting import PATIENCE, until

Specs = Callable[..., ServerSpec]
Make = Callable[..., LocalStage]
both = pytest.mark.parametrize("stage", in_group("guests"), indirect=True)
qemu = pytest.mark.parametrize("stage", in_group("guests")[1:], indirect=True)
own_stage = pytest.mark.parametrize("guests", LOCAL)


def write_note(server: Server, key: Path) -> None:
    assert ssh(server, key, "echo kept > /tmp/note").returncode == 0


def note(server: Server, key: Path) -> str:
    return ssh(server, key, "cat /tmp/note").stdout.strip()


@both
def test_its_key_opens_it(stage: LocalStage, server: Server, key: Path) -> None:
    assert ssh(server, key, "hostname").stdout.strip() == server.name
    assert ssh(server, key, "whoami", user="root").stdout.strip() == "root"


@qemu
def test_its_student_is_its_administrator(stage: LocalStage, server: Server, key: Path) -> None:
    answer = ssh(
        server, key, "whoami; sudo whoami; sudo -u student whoami; sudo sh -c 'echo x > /etc/mine'; ls -l /etc/mine"
    )
    assert answer.stdout.split()[:6] == ["student", "root", "student", "-rw-r--r--", "1", "root"], answer.stderr


@both
def test_another_key_is_refused(stage: LocalStage, server: Server, tmp_path: Path) -> None:
    answer = ssh(server, make_key(tmp_path), "hostname")
    assert answer.returncode == 255
    assert "Permission denied" in answer.stderr


@both
def test_another_user_is_refused(stage: LocalStage, server: Server, key: Path) -> None:
    assert ssh(server, key, "hostname", user="teacher").returncode == 255


@qemu
def test_files_come_and_go_by_scp(stage: LocalStage, server: Server, key: Path, tmp_path: Path) -> None:
    """Today's scp speaks SFTP, for which the guest needs a program of its own."""
    (tmp_path / "there").write_text("kept")
    port, host = str(server.port_map.get(22, 22)), f"student@{server.address}"
    options = ["-F", "none", "-i", str(key), "-P", port, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]
    options += ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    for source, target in ((str(tmp_path / "there"), f"{host}:note"), (f"{host}:note", str(tmp_path / "back"))):
        subprocess.run(["scp", "-q", *options, source, target], check=True, timeout=PATIENCE)
    assert (tmp_path / "back").read_text() == "kept"


@both
def test_its_page_names_it(stage: LocalStage, server: Server) -> None:
    with urllib.request.urlopen(f"http://{server.address}:{server.port_map.get(80, 80)}/") as page:
        assert server.id in page.read().decode()


@both
def test_memory_is_kept_over_a_sleep_and_nothing_listens_meanwhile(
    stage: LocalStage, server: Server, key: Path
) -> None:
    write_note(server, key)
    stage.cloud.ensure_suspended(server.id)
    stage.settle()
    assert not is_open(server, 22)
    assert not is_open(server, 80)
    stage.cloud.ensure_running(server.id)
    stage.settle()
    assert note(server, key) == "kept"


@both
def test_a_restart_loses_memory_and_keeps_the_disk(stage: LocalStage, server: Server, key: Path) -> None:
    write_note(server, key)
    ssh(server, key, "echo disk > /home/student/note")
    insist(stage.cloud.ensure_restarted, server.id, server.restarts + 1)
    stage.settle()
    assert note(server, key) == ""
    assert ssh(server, key, "cat /home/student/note").stdout == "disk\n"


@both
def test_a_reset_loses_the_disk_and_keeps_its_name(
    stage: LocalStage, server: Server, key: Path, make_spec: Specs
) -> None:
    ssh(server, key, "echo disk > /home/student/note")
    insist(stage.cloud.ensure_rebuilt, server.id, make_spec(stage), server.resets + 1)
    stage.settle()
    assert ssh(server, key, "cat /home/student/note; hostname").stdout.endswith(f"{server.name}\n")
    assert ssh(server, key, "cat /home/student/note").returncode == 1


@both
def test_a_reset_takes_the_new_keys_and_lets_in_the_old_no_more(
    stage: LocalStage, server: Server, key: Path, make_spec: Specs, tmp_path: Path
) -> None:
    new = make_key(tmp_path)
    spec = make_spec(stage, public_keys=(new.with_suffix(".pub").read_text().strip(),), user_data="#!/bin/sh\n# new\n")
    insist(stage.cloud.ensure_rebuilt, server.id, spec, server.resets + 1)
    stage.settle()
    assert "# new" in ssh(server, new, "cat /var/lib/user-data").stdout
    assert ssh(server, key, "hostname").returncode == 255
    insist(stage.cloud.ensure_deleted, server.id)  # no other test has this key


@both
def test_a_reset_to_a_snapshot_of_itself_takes_the_new_keys_too(
    stage: LocalStage, server: Server, make_spec: Specs, tmp_path: Path
) -> None:
    image, new = insist(stage.cloud.ensure_snapshot, server.id, "of itself"), make_key(tmp_path)
    stage.settle()
    spec = make_spec(stage, image_id=image.id, public_keys=(new.with_suffix(".pub").read_text().strip(),))
    insist(stage.cloud.ensure_rebuilt, server.id, spec, server.resets + 1)
    stage.settle()
    assert ssh(server, new, "hostname").stdout.strip() == server.name
    insist(stage.cloud.ensure_deleted, server.id)
    insist(stage.cloud.ensure_image_deleted, image.id)


@both
def test_a_port_is_opened_and_closed_while_it_runs(stage: LocalStage, server: Server) -> None:
    stage.cloud.ensure_ports(server.id, frozenset({22, 80, 8080}))
    opened = look(stage, server)
    assert is_open(opened, 8080)
    assert is_open(opened, 22)
    stage.cloud.ensure_ports(server.id, frozenset({22, 80}))
    assert not is_open(opened, 8080)
    assert is_open(opened, 22)


@both
def test_a_port_that_something_has_is_mapped_elsewhere(stage: LocalStage, make_spec: Specs, key: Path) -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        taken = other.getsockname()[1]
        made = insist(stage.cloud.ensure_server, make_spec(stage, ports=frozenset({22, taken})))
        stage.settle()
        server = look(stage, made)
        assert server.port_map[taken] != taken
        assert is_open(server, taken)
    stage.cloud.ensure_deleted(server.id)


@own_stage
def test_its_guests_outlive_a_kill_of_the_server_process(
    make_stage: Make, guests: str, make_spec: Specs, key: Path
) -> None:
    own = make_stage(guests)
    made = own.cloud.ensure_server(make_spec(own))
    own.settle()
    server = look(own, made)
    write_note(server, key)
    own.end(signal.SIGKILL)
    own.start()
    assert (look(own, server).status, note(server, key)) == (Status.ACTIVE, "kept")
    own.cloud.ensure_ports(server.id, frozenset({22}))
    assert not is_open(server, 80)


@own_stage
def test_its_end_leaves_nothing_running_and_its_start_brings_all_back(
    make_stage: Make, guests: str, make_spec: Specs, key: Path
) -> None:
    own = make_stage(guests)
    made = own.cloud.ensure_server(make_spec(own))
    own.settle()
    server = look(own, made)
    write_note(server, key)
    own.end()
    assert (own.processes(), is_open(server, 22)) == ([], False)
    own.start()
    own.settle()
    assert (look(own, server).status, note(server, key)) == (Status.ACTIVE, "kept")


@own_stage
@pytest.mark.parametrize("verb", ["build", "sleep", "wake", "shelve", "delete"])
def test_a_kill_in_the_middle_of_a_verb_does_not_stop_it(
    make_stage: Make, guests: str, make_spec: Specs, verb: str
) -> None:
    own = make_stage(guests)
    made = own.cloud.ensure_server(make_spec(own))
    if verb != "build":
        own.settle()
    if verb == "wake":
        own.cloud.ensure_suspended(made.id)
        own.settle()
    verbs = {"sleep": own.cloud.ensure_suspended, "wake": own.cloud.ensure_running, "shelve": own.cloud.ensure_shelved}
    {**verbs, "build": lambda _: None, "delete": own.cloud.ensure_deleted}[verb](made.id)
    own.end(signal.SIGKILL)
    own.start()
    own.settle()
    left = [one.status for one in own.servers()]
    expected = {"sleep": [Status.SUSPENDED], "shelve": [Status.SHELVED], "delete": []}
    assert left == expected.get(verb, [Status.ACTIVE])
    assert len(own.processes()) == (1 if guests == "qemu" and left == [Status.ACTIVE] else 0)


@qemu
def test_a_deleted_server_leaves_no_process_and_no_file(stage: LocalStage, make_spec: Specs) -> None:
    made = insist(stage.cloud.ensure_server, make_spec(stage))
    stage.settle()
    before = len(stage.processes())
    stage.cloud.ensure_deleted(made.id)
    stage.settle()
    assert len(stage.processes()) == before - 1
    assert not (stage.data / "guests" / made.id).exists()


@qemu
def test_a_guest_that_died_is_stopped_and_starts_again(stage: LocalStage, server: Server, key: Path) -> None:
    before = stage.processes()
    assert ssh(server, key, "poweroff", user="root").returncode in (0, 255)
    until(lambda: look(stage, server).status == Status.STOPPED, "it is seen to have stopped")
    assert len(stage.processes()) == len(before) - 1
    assert look(stage, server).fault
    stage.cloud.ensure_running(server.id)
    stage.settle()
    assert ssh(server, key, "hostname").stdout.strip() == server.name


@pytest.mark.parametrize("_guests", [QEMU])
def test_a_guest_that_no_row_knows_is_ended_at_the_start(make_stage: Make, _guests: str, make_spec: Specs) -> None:
    own = make_stage("qemu")
    own.cloud.ensure_server(make_spec(own))
    own.settle()
    own.end(signal.SIGKILL)
    for file in own.data.glob("qemu.sqlite3*"):
        file.unlink()
    assert len(own.processes()) == 1
    own.start()
    assert own.processes() == []


@qemu
def test_the_clock_is_right_after_a_sleep(stage: LocalStage, server: Server, key: Path) -> None:
    stage.cloud.ensure_suspended(server.id)
    stage.settle()
    time.sleep(4)  # more than the clock may be off afterwards: it stood still so long
    stage.cloud.ensure_running(server.id)
    stage.settle()

    def is_right() -> bool:
        before, there = time.time(), int(ssh(server, key, "date +%s").stdout or 0)
        return before - 2 < there < time.time() + 2

    until(is_right, "its clock is set")


@qemu
def test_user_data_runs_once_and_the_screen_asks_for_a_password(stage: LocalStage, make_spec: Specs, key: Path) -> None:
    script = "#!/bin/sh\necho ran >> /home/student/user-data\n"
    made = insist(stage.cloud.ensure_server, make_spec(stage, user_data=script, vnc_password="s3cret"))
    stage.settle()
    server = look(stage, made)
    assert stage.cloud.console_url(server.id) == f"vnc://{server.address}:{server.port_map.get(5900, 5900)}"
    assert vnc_security_types(server) == [2]  # 2: VNC's password; 1 would be none
    insist(stage.cloud.ensure_restarted, server.id, 1)
    stage.settle()
    assert ssh(server, key, "cat /home/student/user-data").stdout == "ran\n"
    stage.cloud.ensure_deleted(server.id)


def vnc_security_types(server: Server) -> list[int]:
    where = (server.address, server.port_map.get(5900, 5900))
    with socket.create_connection(where, timeout=PATIENCE) as screen:
        screen.sendall(screen.recv(12))  # the version
        count = screen.recv(1)[0]
        return list(screen.recv(count))


@qemu
def test_a_guest_does_not_reach_what_listens_on_the_host(stage: LocalStage, server: Server, key: Path) -> None:
    ask = "wget -q -O - http://"
    answer = ssh(server, key, f"timeout 3 {ask}10.0.2.2:{stage.port}/ || echo unreached; {ask}127.0.0.1/")
    assert answer.stdout.startswith("unreached\n")
    assert server.id in answer.stdout  # wget itself works: its own page

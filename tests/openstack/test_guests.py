"""A guest seen from inside: the keys and data that it was given; and who reaches it."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloud.contract import Owner, Server, ServerSpec
from tests.cloud.local_stage import insist, make_key
from tests.openstack.guests import inside, reads_page, ssh
from tests.openstack.openstack_stage import AGENT, NAMESPACE, OpenStackStage, open_cloud, until

SCRIPT = "#!/bin/sh\necho it ran > /root/said\n"
STRANGER = "10.77.0.2"  # on the same network as the agent, and not it
OUTSIDE, QUEUE = "198.51.100.7", 5672

Specs = Callable[..., ServerSpec]

pytestmark = pytest.mark.xdist_group("guests")


def public(*keys: Path) -> tuple[str, ...]:
    return tuple(key.with_suffix(".pub").read_text().strip() for key in keys)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("keys")
    return [make_key(folder, f"key-{number}") for number in range(4)]


@pytest.fixture(scope="module")
def both(stage: OpenStackStage, keys: list[Path]) -> Iterator[list[Server]]:
    """Boot machines of two students together."""
    specs = [
        boot_spec(stage, "osci-one", user_data=SCRIPT, public_keys=public(*keys[:3])),
        boot_spec(stage, "osci-two", public_keys=public(*keys[:2])),
    ]
    cloud = open_cloud(blocked=None)
    made = [insist(cloud.ensure_server, spec).id for spec in specs]
    stage.kept.update(made)
    stage.settle()
    servers = {server.id: server for server in stage.servers()}
    for server_id in made:
        until(lambda server=servers[server_id]: signs_in(server, keys[0]), "it lets its owner in")  # type: ignore[misc]
    yield [servers[server_id] for server_id in made]
    stage.kept.difference_update(made)


@pytest.fixture(scope="module")
def scripted(both: list[Server]) -> Server:
    """A student's machine with a template's script and three keys."""
    return both[0]


@pytest.fixture(scope="module")
def plain(both: list[Server]) -> Server:
    """The other student's server, with two keys and no user-data."""
    return both[1]


def boot_spec(stage: OpenStackStage, owner: str, **facts: object) -> ServerSpec:
    spec = {"machine": str(uuid.uuid4()), "owner": Owner(str(uuid.uuid4()), owner), "name": owner, **facts}
    return ServerSpec(flavor_id=stage.flavor_id, image_id=stage.linux_id, **spec)  # type: ignore[arg-type]


def signs_in(server: Server, key: Path) -> bool:
    return ssh(server, key, "true").returncode == 0


def test_a_script_runs_as_the_template_wrote_it(scripted: Server, keys: list[Path]) -> None:
    said = until(lambda: ssh(scripted, keys[0], "cat /root/said").stdout, "the script has run")
    assert said == "it ran\n"


def test_the_portals_key_signs_in_where_the_person_has_none(stage: OpenStackStage, keys: list[Path]) -> None:
    [line] = public(keys[3])
    server = insist(stage.cloud.ensure_server, boot_spec(stage, "osci-keyless", portal_key=line, login="lab"))
    stage.settle()
    found = stage.look(server)
    until(lambda: ssh(found, keys[3], "true", "lab").returncode == 0, "the portal's key signs in")


def test_all_keys_of_a_person_sign_in_beside_a_script(scripted: Server, keys: list[Path]) -> None:
    until(lambda: all(signs_in(scripted, key) for key in keys[:3]), "three keys sign in")
    assert not signs_in(scripted, keys[3])


def test_all_keys_of_a_person_sign_in_without_user_data(plain: Server, keys: list[Path]) -> None:
    until(lambda: all(signs_in(plain, key) for key in keys[:2]), "two keys sign in")
    assert not signs_in(plain, keys[2])


def test_each_user_of_the_image_has_the_keys(plain: Server, keys: list[Path]) -> None:
    until(lambda: ssh(plain, keys[1], "id -un", user="lab").stdout == "lab\n", "the second key signs in as lab")


def test_students_machines_do_not_reach_each_other(scripted: Server, plain: Server, keys: list[Path]) -> None:
    assert heard_inside(scripted, keys[0], "127.0.0.1") == "SSH-2.0"
    assert heard_inside(scripted, keys[0], plain.address) == ""


def heard_inside(server: Server, key: Path, address: str) -> str:
    """Return what the guest hears from the SSH port of an address."""
    return ssh(server, key, f"sleep 1 | nc -w 4 {address} 22 | head -c 7").stdout


def test_the_agent_reaches_both(scripted: Server, plain: Server) -> None:
    assert reads_page(scripted)
    assert reads_page(plain)


def test_a_neighbour_of_the_agent_reaches_neither(scripted: Server, plain: Server) -> None:
    inside("ip", "address", "add", f"{STRANGER}/22", "dev", "lab0")
    try:
        assert not reads_page(scripted, source=STRANGER)
        assert not reads_page(plain, source=STRANGER)
    finally:
        inside("ip", "address", "del", f"{STRANGER}/22", "dev", "lab0")


@pytest.fixture
def outside() -> Iterator[str]:
    """A place beyond the agent's computer, which is the guests' router; something answers there and on the agent's own address."""
    code = (
        "import socket, threading, time\n"
        f"for at in ('{AGENT}', '{OUTSIDE}'):\n"
        f"    s = socket.create_server((at, {QUEUE}), backlog=9)\n"
        "    threading.Thread(target=lambda s=s: [s.accept()[0].send(b'hello') for _ in range(9)], daemon=True).start()\n"
        "print('up', flush=True); time.sleep(60)"
    )
    inside("ip", "address", "add", f"{OUTSIDE}/32", "dev", "lo")
    with subprocess.Popen(
        ["ip", "netns", "exec", NAMESPACE, sys.executable, "-c", code], stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        yield OUTSIDE
        server.kill()
    inside("ip", "address", "del", f"{OUTSIDE}/32", "dev", "lo")


def test_a_guest_gets_out_but_not_to_the_services_on_the_agent_s_computer(
    scripted: Server, keys: list[Path], outside: str
) -> None:
    assert said_to(scripted, keys[0], outside) == "hello"
    assert said_to(scripted, keys[0], AGENT) == ""


def said_to(server: Server, key: Path, address: str) -> str:
    return ssh(server, key, f"sleep 1 | nc -w 4 {address} {QUEUE} | head -c 5").stdout


def test_what_a_student_saves_survives_being_put_away(stage: OpenStackStage, plain: Server, keys: list[Path]) -> None:
    assert ssh(plain, keys[0], "echo mine > /root/work && sync").returncode == 0
    insist(stage.cloud.ensure_shelved, plain.id)
    stage.settle()
    insist(stage.cloud.ensure_running, plain.id)
    stage.settle()
    until(lambda: ssh(plain, keys[0], "cat /root/work").stdout == "mine\n", "the file is there")


def test_memory_survives_sleep(stage: OpenStackStage, plain: Server, keys: list[Path]) -> None:
    until(lambda: ssh(plain, keys[0], "echo ram > /dev/shm/note").returncode == 0, "written into its memory")
    insist(stage.cloud.ensure_suspended, plain.id)
    stage.settle()
    insist(stage.cloud.ensure_running, plain.id)
    stage.settle()
    until(lambda: ssh(plain, keys[0], "cat /dev/shm/note").stdout == "ram\n", "the note is there")


def test_after_a_reset_the_new_keys_sign_in_and_the_old_do_not(
    stage: OpenStackStage, plain: Server, keys: list[Path]
) -> None:
    """Runs last in this file, since it empties the disk."""
    owner = Owner(plain.owner, "osci-two")
    spec = ServerSpec(plain.machine, owner, plain.name, stage.flavor_id, stage.linux_id, public(*keys[2:4]))
    insist(stage.cloud.ensure_rebuilt, plain.id, spec, 1)
    stage.settle()
    until(lambda: all(signs_in(plain, key) for key in keys[2:4]), "both new keys sign in")
    assert not signs_in(plain, keys[0])

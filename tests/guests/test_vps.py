"""deploy/vps/setup.sh on a computer of its own: what its sshd then allows, and how many visitors fit through it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.guests.boxes import AGENT, GUEST, Box, booted
from tests.guests.flood import PORTS, VISITORS

ROOT = Path(__file__).resolve().parents[2]
USER, FIRST, LAST = "minga-ports", 20000, 20031


@pytest.fixture(scope="module")
def vps(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with booted(base, "vps", "ssh", exempt=()) as box:
        keys = tmp_path_factory.mktemp("agent")
        box.key.write_private_key(str(keys / "agent_key"))
        (box.guest.root / "root/setup.sh").write_bytes((ROOT / "deploy/vps/setup.sh").read_bytes())
        key = box.key.export_public_key().decode().strip()
        ports = f"--first-port {FIRST} --last-port {LAST}"
        said = box.ask(f"sh /root/setup.sh --key '{key}' {ports} --agent {AGENT}")
        (keys / "host_key.pub").write_text(said.splitlines()[-1])
        box.keys = keys
        yield box


def test_its_user_may_open_ports_and_nothing_else(vps: Box) -> None:
    said = vps.ask(f"sshd -T -C user={USER},host=x,addr={AGENT}").splitlines()
    wanted = {"allowtcpforwarding remote", "allowstreamlocalforwarding no", "permittunnel no", "x11forwarding no",
              "allowagentforwarding no", "gatewayports clientspecified", "maxsessions 0"}  # fmt: skip
    assert wanted - set(said) == set()


def test_other_users_of_the_vps_are_as_before(vps: Box) -> None:
    said = vps.ask(f"sshd -T -C user=root,host=x,addr={AGENT}").splitlines()
    assert {"allowtcpforwarding yes", "maxsessions 10"} - set(said) == set()


def test_strangers_keep_neither_the_agent_nor_its_place_out(vps: Box) -> None:
    said = vps.ask("sshd -T").splitlines()
    assert {f"persourcepenaltyexemptlist {AGENT}", "maxstartups 100:30:200"} - set(said) == set()


def test_the_service_may_open_as_many_files_as_the_computer_lets_it(vps: Box) -> None:
    most = min(65536, int(vps.ask("ulimit -Hn")))
    assert vps.ask("systemctl show --value --property LimitNOFILE ssh") == "65536"
    vps.ask("systemctl restart ssh")
    held = vps.ask("grep 'open files' /proc/$(systemctl show --value --property MainPID ssh)/limits").split()
    assert int(held[3]) == most


@pytest.fixture(scope="module")
def flood(vps: Box) -> Iterator[dict[str, Any]]:
    """2,000 connections that stay while the tests of this module look."""
    command = [sys.executable, "-m", "tests.guests.flood", str(vps.keys), GUEST, USER, str(FIRST)]
    enter = ["ip", "netns", "exec", vps.agents.name]
    with subprocess.Popen(
        [*enter, *command], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout
        assert ran.stdin
        said = ran.stdout.readline()
        assert said, (vps.keys / "agent.log").read_text()[-2000:]
        yield json.loads(said)
        ran.stdin.close()


def test_two_thousand_visitors_at_eight_ports_all_have_their_place(flood: dict[str, Any]) -> None:
    assert flood["answered"] == VISITORS


def test_a_ninth_port_is_untouched_by_them(flood: dict[str, Any]) -> None:
    assert (flood["the ninth's old visitor"], flood["the ninth's new visitor"]) == (True, True)


def test_the_agents_session_holds_them_all(vps: Box, flood: dict[str, Any]) -> None:
    session = vps.ask(f"pgrep --newest --euid {USER}")
    held = int(vps.ask(f"ls /proc/{session}/fd | wc -l"))
    most = int(vps.ask(f"grep 'open files' /proc/{session}/limits").split()[3])
    assert VISITORS + PORTS < held < most

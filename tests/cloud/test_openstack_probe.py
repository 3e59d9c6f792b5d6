"""The trial machine tries the way out from inside; check_cloud reports what it reached."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.utils.translation import override

from cloud.diagnosis import Check
from cloud.openstack.doctor import probe, way_out_trial
from cloud.openstack.egress import WayOut
from tests.cloud.scripted import SUBNET, ScriptedClient

API, QUEUE = ("10.0.0.2", 5000), ("10.0.0.2", 5672)


@pytest.fixture
def listener() -> Iterator[tuple[str, int]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def rows(*answered: probe.Target, wish: list[str] | None = None, names: bool = False) -> list[Check]:
    client = ScriptedClient()
    if names:
        client.answers["/subnets"] = {"subnets": [{**SUBNET, "dns_nameservers": ["10.0.0.53"]}]}
    way_out = WayOut(cast("Any", client), wish, lambda: ["10.0.0.9/32"], lambda: "n")
    with override("en"):
        return way_out_trial.rows(way_out, probe.Heard(frozenset(answered)) if answered else None)


@pytest.mark.parametrize("tool", ["bash", "python3"])
def test_the_script_tells_what_answers_and_what_does_not(tool: str, tmp_path: Path, listener: tuple[str, int]) -> None:
    for name in (tool, "timeout", "mktemp", "sleep", "cat", "rm"):
        (tmp_path / name).symlink_to(Path(sys.executable if name == "python3" else str(shutil.which(name))).resolve())
    (tmp_path / "console").touch()
    text = probe.script([("127.0.0.1", 1)], own=listener, consoles=[f"{tmp_path}/console"])
    subprocess.run(
        [str(shutil.which("sh"))], input=text, text=True, check=True, env={"PATH": str(tmp_path)}, timeout=60
    )
    heard = probe.read((tmp_path / "console").read_text())
    assert heard == probe.Heard(frozenset({listener}))


def test_a_console_that_has_not_come_to_the_end_says_nothing_yet() -> None:
    assert probe.read("boot\nminga-probe: open 10.0.0.2 5000\n") is None


def test_nothing_reached_is_right() -> None:
    [row] = rows(probe.SELF)
    assert (row.ok, "10.0.0.2, 10.0.0.9" in str(row.found)) == ("right", True)


@pytest.mark.parametrize("reached", [API, QUEUE])
def test_a_service_that_is_reached_is_wrong_and_named(reached: probe.Target) -> None:
    [row] = rows(probe.SELF, reached, wish=["10.9.0.0/24"])
    assert (row.ok, f"(10.0.0.2, {reached[1]})" in str(row.found)) == ("wrong", True)
    assert "GUEST_EGRESS_BLOCKED=10.9.0.0/24,10.0.0.2/32" in row.mend


def test_rules_that_are_not_kept_are_told_apart() -> None:
    [row] = rows(probe.SELF, API)
    assert (row.ok, "does not keep them" in str(row.found)) == ("wrong", True)


def test_who_wants_it_open_is_only_told() -> None:
    assert [row.ok for row in rows(probe.SELF, API, wish=[])] == ["note"]


@pytest.mark.parametrize("answered", [(), (("10.0.0.2", 1),)], ids=["silent", "no tool"])
def test_what_could_not_be_tried_is_not_called_right(answered: tuple[probe.Target, ...]) -> None:
    assert [row.ok for row in rows(*answered)] == ["note"]


@pytest.mark.parametrize(("answered", "ok"), [((("10.0.0.53", 53),), "right"), ((), "note")])
def test_name_servers_are_looked_for_too(answered: tuple[probe.Target, ...], ok: str) -> None:
    assert [row.ok for row in rows(probe.SELF, *answered, names=True)] == ["right", ok]

"""A key that is added later reaches a machine that runs, and leaves it again when it is deleted: with a real ssh, by the whole of Minga."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.python.minga_client import Client
from tests.cloud.local_stage import make_key
from tests.journeys.kinds import on_simulated
from tests.waiting import PATIENCE, until

pytestmark = [on_simulated, pytest.mark.slow]
OPTIONS = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "LogLevel=ERROR",
]


@pytest.fixture
def minga(stack: Any) -> Client:
    return Client.sign_in(stack.url, "student2", "minga", name="second key")


@pytest.fixture
def command(minga: Client) -> Iterator[list[str]]:
    """The ssh line of a machine of somebody who has no key."""
    template = next(each for each in minga.templates() if each.fits)
    machine = minga.wait(minga.launch(template.slug, name="keyless").id)
    yield [*next(port.command for port in machine.access if port.scheme == "ssh").split(), machine.id]
    minga.delete(machine.id)


def lets_in(command: list[str], key: Path) -> bool:
    options = [word for option in OPTIONS for word in ("-o", option)]
    return (
        subprocess.run([*command, "-i", key, *options, "hostname"], capture_output=True, timeout=PATIENCE).returncode
        == 0
    )


def settled(minga: Client, key: int) -> str:
    return until(lambda: (state := next(minga.key_in_machines(key)).state) != "waiting" and state, "the key is put in")


def test_it_comes_and_goes(minga: Client, command: list[str], tmp_path: Path) -> None:
    *ssh, machine = command
    file = make_key(tmp_path)
    key = minga.add_key(file.with_suffix(".pub").read_text())
    assert not lets_in(ssh, file)
    assert [one.state for one in minga.install_key(key.id, [machine])] == ["waiting"]
    assert settled(minga, key.id) == "done"
    until(lambda: lets_in(ssh, file), "the key lets in")
    minga.remove_key(key.id, take_out=True)
    until(lambda: not lets_in(ssh, file), "the key is taken out")

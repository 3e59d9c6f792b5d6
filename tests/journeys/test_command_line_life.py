"""The command line against a whole Minga: a machine's life, as a person types it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.python import generate
from clients.python.minga_client import Client
from clients.python.minga_client.cli.parser import COMMANDS
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import make_key
from tests.waiting import PATIENCE

pytestmark = [on_simulated, pytest.mark.slow]
FOLDER = Path(generate.FILE).parents[1]


class Shell:
    """A person's terminal with its own configuration."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self.environment = {**os.environ, "XDG_CONFIG_HOME": str(folder)}
        self.key = make_key(folder)

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "minga_client", *words]
        return subprocess.run(
            line, cwd=FOLDER, env=self.environment, input=typed, capture_output=True, text=True, timeout=120
        )

    def __call__(self, *words: str, typed: str = "") -> str:
        """Return what a command printed; it must have been done."""
        done = self.run(*words, typed=typed)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def minga(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    shell = Shell(tmp_path_factory.mktemp("person"), stack.url)
    token = Client.sign_in(stack.url, "student", "minga", name="of the command line").token
    shell("login", stack.url, "--token", typed=f"{token}\n")
    shell("keys", "--add", str(shell.key.with_name("key.pub")))
    yield shell
    number = next(line.split()[0] for line in shell("keys").splitlines() if " key " in line)
    shell("keys", "--remove", number)
    shell("logout")


@pytest.fixture(scope="module")
def condor(minga: Shell) -> Iterator[str]:
    template = next(each["slug"] for each in json.loads(minga("templates", "--json")) if each["fits"])
    minga("launch", template, "--name", "condor two", "--wait")
    yield "condor two"
    minga("rm", "condor two", "--now", "--yes", "--wait")
    assert "condor two" not in minga("ls")


def test_a_machine_from_launch_to_rm(minga: Shell, condor: str) -> None:
    options = ["-i", str(minga.key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
    assert minga("ssh", condor, *options, "hostname").strip() == condor
    assert condor in minga("ls", "--state", "running")
    minga("sleep", condor, "--wait")
    assert "suspended" in minga("ls")
    assert minga("ssh", condor, *options, "hostname").strip() == condor  # it was woken
    assert "Asked to sleep." in minga("log", condor)


def test_a_port_is_opened_by_its_number_alone(minga: Shell, condor: str) -> None:
    address = minga("open", "8080", condor).strip()
    assert address.startswith("http://")
    assert minga("open", "8080", condor).strip() == address  # said twice, opened once
    assert address in minga("ports", condor)
    minga("close", "8080", condor)
    assert address not in minga("ports", condor)


def test_the_bin_gives_back_what_rm_put_there(minga: Shell, condor: str) -> None:
    minga("rm", condor, "--wait")
    assert condor not in minga("ls")
    assert condor in minga("ls", "--bin")
    minga("restore", condor, "--wait")
    minga("rename", condor, "puma")
    minga("rename", "puma", condor)
    assert json.loads(minga("show", condor, "--json"))["state"] == "running"


def test_put_away_and_brought_back(minga: Shell, condor: str) -> None:
    """The verbs that move a machine, one after the other; `wake` and `restore` find theirs without its name."""
    for words, state in (
        (("shelve", condor), "shelved"), (("wake",), "running"), (("restart", condor), "running"),
        (("reset", condor, "--yes"), "running"), (("archive", condor), "archived"), (("restore",), "running"),
    ):  # fmt: skip
        assert minga(*words, "--wait").strip() == f"{condor}: {state}", words
        assert json.loads(minga("show", condor, "--json"))["state"] == state, words


def test_the_quota_counts_it(minga: Shell, condor: str) -> None:
    assert json.loads(minga("quota", "--json"))["machines"]["used"] == 1, condor


def test_bash_completes_its_name(minga: Shell, condor: str, tmp_path: Path) -> None:
    (tmp_path / "minga").write_text(f'#!/bin/sh\ncd {FOLDER}\nexec {sys.executable} -m minga_client "$@"\n')
    (tmp_path / "minga").chmod(0o755)
    line = f'{minga("completion", "bash")}\nCOMP_WORDS=(minga ssh con); COMP_CWORD=2; _minga; echo "${{COMPREPLY[@]}}"'
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", line], env={**minga.environment, "PATH": path}, capture_output=True, text=True)
    assert done.stdout.strip() == condor.replace(" ", "\\ "), done.stderr


def test_a_token_that_was_revoked(minga: Shell, stack: Any) -> None:
    other = Client.sign_in(stack.url, "student", "minga", name="for a moment")
    other.sign_out()
    minga.environment["MINGA_TOKEN"] = other.token
    try:
        done = minga.run("whoami")
    finally:
        del minga.environment["MINGA_TOKEN"]
    assert (done.returncode, "minga login" in done.stderr) == (4, True)


def test_login_by_the_browser(stack: Any, tmp_path: Path) -> None:
    shell = Shell(tmp_path, stack.url)
    line = [sys.executable, "-m", "minga_client", "login", stack.url]
    with subprocess.Popen(line, cwd=FOLDER, env=shell.environment, stderr=subprocess.PIPE, text=True) as login:
        assert login.stderr is not None
        code = login.stderr.readline().split()[-1]
        with httpx.Client(base_url=stack.url, follow_redirects=True, timeout=PATIENCE) as browser:
            post(browser, "/accounts/login/", login="student", password="minga")
            assert "wants to do all" in post(browser, "/account/device/", code=code)
            assert "Allowed." in post(browser, "/account/device/", code=code, decision="allow")
        assert login.wait(PATIENCE) == 0
    assert shell("whoami").startswith("student ")
    shell("logout")


def post(browser: httpx.Client, path: str, **form: str) -> str:
    """Send a form of a page, as a browser that has loaded it."""
    browser.get(path)
    token = {"csrfmiddlewaretoken": browser.cookies["csrftoken"]}
    reply = browser.post(path, data=token | form, headers={"Referer": f"{browser.base_url}{path}"})
    assert reply.status_code == 200, reply.text
    return reply.text


def test_no_command_is_forgotten() -> None:
    """The moves of test_put_away_and_brought_back stand in a table: each row begins with its command."""
    said = set(re.findall(r'(?:minga|shell|run)\(\s*"([a-z]+)"|\(\("([a-z]+)"', Path(__file__).read_text()))
    assert COMMANDS.keys() - {word for pair in said for word in pair} == set()

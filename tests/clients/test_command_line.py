"""The command line: its four errors with their exit codes, its token's file, the words of ssh, and completion."""

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients.python import generate
from clients.python.minga_client import MingaError
from clients.python.minga_client.cli import config, main, ssh
from clients.python.minga_client.cli.completion import candidates
from clients.python.minga_client.cli.output import printable
from clients.python.minga_client.decoding import decode
from clients.python.minga_client.models import Machine
from tests.clients.fake_portal import Portal
from tests.clients.fake_portal import portal as portal

FOLDER = Path(generate.FILE).parents[1]
ID = "0a1b2c3d-0000-4000-8000-000000000001"
SSH = {
    "id": "t1", "service": "ssh", "scheme": "ssh", "host": "labs.example.org", "port": 20001, "user": "lab", "state": "open", "answers": True,
    "note": "", "target_port": 22, "extra": False, "command": "ssh -p 20001 lab@labs.example.org", "key_files": [], "url": "",
}  # fmt: skip
CONDOR: dict[str, Any] = {
    "id": ID, "name": "condor", "template": "web-lab", "owner": "ana", "state": "running", "wanted": "running", "settled": True,
    "progress": 100, "note": "", "actions": [], "access": [SSH], "ways_in": [], "vnc_password": "", "created_at": "2026-11-26T12:00:00Z",
    "ready_at": None, "binned_at": None, "cloud_says": "", "ready": True, "setup": None, "refused": None, "vanished": False,
}  # fmt: skip
ME = {"username": "ana", "roles": ["student"], "role": "student"}
ENDED = {"code": "authentication_failed", "detail": "This token is not valid (any more). POST auth/token/."}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("MINGA_URL", "MINGA_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config" / "minga"


@pytest.fixture
def signed_in(portal: Portal) -> Portal:
    config.write(config.Config(portal.url, "secret"))
    return portal


def run(*words: str, typed: str = "", **environment: str) -> tuple[int, str, str]:
    """Run the program as a shell does. Return its exit code, what it printed, and what it complained of."""
    done = subprocess.run(
        [sys.executable, "-m", "minga_client", *words], cwd=FOLDER, env={**os.environ, **environment}, input=typed,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def is_sentence(text: str) -> bool:
    return text.startswith("minga: ") and text.count("\n") == 1


# ---- the four errors ----


def test_no_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    config.write(config.Config("http://127.0.0.1:9", "secret"))
    assert main(["whoami"]) == 3
    said = capsys.readouterr().err
    assert (is_sentence(said), "does not answer" in said) == (True, True)


def test_a_token_that_is_not_valid(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in.answers = [(401, {}, ENDED)]
    assert main(["ls"]) == 4
    assert capsys.readouterr().err == "minga: This token is not valid (any more). Sign in with: minga login\n"


def test_nobody_is_signed_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls"]) == 4
    assert is_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("answer", [(200, {}, [{"id": ID}]), (404, {}, b"<html>"), (200, {}, b"<html>")])
def test_an_old_server(signed_in: Portal, answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in.answers = [answer]
    assert main(["ls"]) == 5
    assert is_sentence(capsys.readouterr().err)


def test_what_the_portal_refuses(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    ways = [{"verb": "archive", "detail": "Archive “condor”."}]
    signed_in.answers = [(409, {}, {"code": "quota_exceeded", "detail": "2 of 2 machines.", "ways_out": ways})]
    assert main(["launch", "web-lab"]) == 1
    assert capsys.readouterr().err == "minga: 2 of 2 machines. Archive “condor”.\n"


# ---- signing in ----


def test_login_keeps_a_token_that_only_its_owner_reads(portal: Portal, home: Path) -> None:
    portal.answers = [(200, {}, ME)]
    code, said, _ = run("login", portal.url, "--token", typed="minga-token\n")
    assert (code, "ana" in said) == (0, True)
    assert json.loads((home / "config.json").read_text()) == {"url": portal.url, "token": "minga-token"}
    assert [(home / name).stat().st_mode & 0o777 for name in (".", "config.json")] == [0o700, 0o600]


def test_login_keeps_no_token_that_is_refused(portal: Portal, home: Path) -> None:
    portal.answers = [(401, {}, ENDED)]
    assert run("login", portal.url, "--token", typed="wrong\n")[0] == 4
    assert not (home / "config.json").exists()


CODES = {
    "device_code": "d", "user_code": "BCDF-GHJK", "verification_uri": "https://labs.example.org/account/device/", "expires_in": 600, "interval": 5,
}  # fmt: skip


def not_yet(code: str) -> tuple[int, dict[str, str], dict[str, str]]:
    return 400, {}, {"code": code, "detail": "Not yet."}


def test_login_by_browser(portal: Portal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    portal.answers = [
        (200, {}, CODES),
        not_yet("authorization_pending"),
        not_yet("slow_down"),
        (200, {}, {"token": "minga-token"}),
        (200, {}, ME),
    ]
    assert main(["login", portal.url]) == 0
    assert "type this code there: BCDF-GHJK" in capsys.readouterr().err
    assert (config.read().token, pauses) == ("minga-token", [5.0, 5.0, 10.0])


def test_login_by_browser_that_was_denied(portal: Portal, home: Path) -> None:
    portal.answers = [(200, {}, {**CODES, "interval": 0}), not_yet("access_denied")]
    assert main(["login", portal.url]) == 1
    assert not (home / "config.json").exists()


def test_login_at_a_portal_that_has_no_sign_in_by_browser(portal: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    portal.answers = [(404, {}, {"code": "not_found", "detail": "There is nothing at this address."})]
    assert main(["login", portal.url]) == 5
    assert "minga login --token" in capsys.readouterr().err


def test_a_file_that_others_can_read_is_not_used(signed_in: Portal, home: Path) -> None:
    (home / "config.json").chmod(0o644)
    with pytest.raises(MingaError, match="chmod 600"):
        config.load()


def test_the_environment_comes_before_the_file(signed_in: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGA_TOKEN", "other")
    assert config.load() == config.Config(signed_in.url, "other")


def test_a_kept_token_goes_to_no_other_portal(signed_in: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGA_URL", "https://elsewhere.example")
    assert main(["ls"]) == 4
    assert signed_in.asked == []


def test_logout_forgets_what_it_cannot_revoke(home: Path) -> None:
    config.write(config.Config("http://127.0.0.1:9", "secret"))
    assert main(["logout"]) == 3
    assert not (home / "config.json").exists()


# ---- answers ----


def test_ls_as_json(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in.answers = [(200, {}, [CONDOR])]
    assert main(["ls", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["name"], told["access"][0]["port"]) == ("condor", 20001)


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\n") == "a [2Jb c "


def test_of_many_machines_one_must_be_named(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in.answers = [(200, {}, [CONDOR, {**CONDOR, "name": "puma"}])]
    assert main(["sleep"]) == 1
    assert "condor, puma" in capsys.readouterr().err


def test_rm_puts_into_the_bin(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, [CONDOR]), (202, {}, CONDOR)]
    assert main(["rm", "condor"]) == 0
    assert signed_in.asked[-1][:2] == ("POST", f"/api/v1/machines/{ID}/bin/")


@pytest.mark.parametrize("words", [["rm", "condor", "--now"], ["reset", "condor"]])
def test_what_destroys_is_not_done_unasked(signed_in: Portal, words: list[str]) -> None:
    signed_in.answers = [(200, {}, [CONDOR])]
    code, _, complaint = run(*words)
    assert (code, "--yes" in complaint, len(signed_in.asked)) == (1, True, 1)


def test_waiting_ends_with_what_was_refused(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    refused = {**CONDOR, "refused": {"what": "suspend", "note": "The cluster keeps it awake."}}
    signed_in.answers = [(200, {}, [CONDOR]), (202, {}, refused)]
    assert main(["sleep", "condor", "--wait"]) == 1
    assert capsys.readouterr().err == "minga: The cluster keeps it awake.\n"


# ---- ssh ----


def test_ssh_understands_the_words(tmp_path: Path) -> None:
    line = ssh.command(decode(Machine, CONDOR), ["-L", "8080:localhost:80", "uptime"])
    done = subprocess.run([line[0], "-G", *line[1:]], capture_output=True, text=True, check=True)
    told = done.stdout.lower().splitlines()
    wanted = {
        "port 20001",
        "user lab",
        "hostname labs.example.org",
        f"hostkeyalias minga-{ID}",
        "localforward 8080 [localhost]:80",
    }
    assert wanted <= set(told)


def test_ssh_takes_no_option_for_an_address() -> None:
    with pytest.raises(MingaError, match="no address"):
        ssh.command(decode(Machine, {**CONDOR, "access": [{**SSH, "host": "-oProxyCommand=x"}]}), [])


def test_ssh_wakes_a_sleeping_machine(signed_in: Portal, tmp_path: Path) -> None:
    program = tmp_path / "ssh"
    program.write_text('#!/bin/sh\necho "$@"; exit 7\n')
    program.chmod(0o755)
    signed_in.answers = [(200, {}, [{**CONDOR, "state": "suspended"}]), (202, {}, CONDOR)]
    code, said, _ = run("ssh", "condor", "uptime", "-p", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (code, said.endswith("labs.example.org uptime -p\n")) == (7, True)
    assert signed_in.asked[-1][1] == f"/api/v1/machines/{ID}/wake/"


# ---- completion ----


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["la"], ["launch"]), (["open", "--s"], ["--scheme"]), (["open", "8080", "--scheme", "htt"], ["http", "https"]),
        (["completion", ""], ["bash", "zsh", "fish"]), (["nonsense", ""], []), (["ssh", ""], []),
    ],
)  # fmt: skip
def test_words_that_fit(words: list[str], wanted: list[str]) -> None:
    assert candidates(words) == wanted


def test_names_of_machines_are_completed(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, [CONDOR, {**CONDOR, "name": "puma"}])]
    assert candidates(["open", "8080", "--scheme", "http", "c"]) == ["condor"]


COMPLETES = {
    "bash": 'COMP_WORDS=(minga ssh my); COMP_CWORD=2; _minga; printf "%s\\n" "${COMPREPLY[@]}"',
    "zsh": 'compadd() { print -rl -- "${(@)found}"; }; words=(minga ssh my); CURRENT=3; _minga',
    "fish": 'complete -C "minga ssh my"',
}


@pytest.mark.parametrize(("shell", "wanted"), [("bash", r"my\ first"), ("zsh", "my first"), ("fish", "my first")])
def test_each_shell_completes(signed_in: Portal, tmp_path: Path, shell: str, wanted: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    signed_in.answers = [(200, {}, [{**CONDOR, "name": "my first"}])] * 2
    (tmp_path / "script").write_text(run("completion", shell)[1])
    (tmp_path / "minga").write_text(f'#!/bin/sh\ncd {FOLDER}\nexec {sys.executable} -m minga_client "$@"\n')
    (tmp_path / "minga").chmod(0o755)
    line = f"{'compdef() { :; }; ' if shell == 'zsh' else ''}. {tmp_path}/script; {COMPLETES[shell]}"
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run([shell, "-c", line], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert done.stdout.splitlines() == [wanted], done.stderr


# ---- how soon ----


@pytest.mark.parametrize("words", [["--version"], ["ls"], ["__complete", "la"]])
def test_it_starts_within_three_tenths_of_a_second(words: list[str]) -> None:
    """Counted in processor time, which other programs do not change. `ls` ends where it would ask the portal."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(*words)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3

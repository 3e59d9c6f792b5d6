"""Answers of a portal that are broken or mean harm: one sentence, an exit code, and nothing that steers a terminal or ssh."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clients.python.minga_client import Client, MingaError, OtherServer, Unreachable
from clients.python.minga_client.cli import config, main, ssh
from clients.python.minga_client.cli.output import as_json
from clients.python.minga_client.decoding import decode
from clients.python.minga_client.models import Machine
from tests.clients.fake_portal import Portal
from tests.clients.fake_portal import portal as portal
from tests.clients.test_command_line import CODES, CONDOR, FOLDER, SSH, is_sentence, not_yet, run
from tests.clients.test_command_line import home as home
from tests.clients.test_command_line import signed_in as signed_in

DEEP = b"[" * 100_000
CUT = {"Content-Length": "1000"}
BUSY = {"code": "busy", "detail": "Very many are here."}
FAR = "0001-01-01T00:00:00+14:00"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)


@pytest.mark.parametrize("answer", [
    (200, {}, DEEP), (409, {}, DEEP), (200, {"Link": '<http://[>; rel="next"'}, [CONDOR]), (200, {}, [{**CONDOR, "created_at": FAR}]),
])  # fmt: skip
def test_what_cannot_be_read_is_told_in_a_sentence(
    signed_in: Portal, answer: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in.answers = [answer]
    assert main(["ls"]) == 5
    assert is_sentence(capsys.readouterr().err)


@pytest.mark.parametrize("status", [200, 409])
def test_an_answer_that_is_cut_off_is_asked_for_again(signed_in: Portal, status: int) -> None:
    signed_in.answers = [(status, CUT, []), (200, {}, [])]
    assert list(Client(signed_in.url, "secret").machines()) == []


def test_an_answer_that_is_always_cut_off_is_none(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in.answers = [(200, CUT, [])] * 4
    assert main(["ls"]) == 3
    assert is_sentence(capsys.readouterr().err)


def test_an_endless_answer_is_not_read(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clients.python.minga_client.transport.LARGEST", 1000)
    portal.answers = [(200, {}, b'"' + b"x" * 1000 + b'"')]
    with pytest.raises(OtherServer, match="more than"):
        Client(portal.url, "secret").me()


@pytest.mark.parametrize("url", ["https://[x", "https://labs:port", "https://", f"http://{'x' * 64}.example"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(Unreachable):
        Client(url, "secret").me()


@pytest.mark.parametrize("token", ["a\nb", "ñandú", "a\x7fb"])
def test_what_is_no_token_is_not_sent(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("MINGA_TOKEN", token)
    assert main(["ls"]) == 4


def test_a_name_that_is_no_text_is_looked_for(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    signed_in.answers = [(200, {}, []), (200, {}, [])]
    assert main(["show", os.fsdecode(b"\xff")]) == 1
    assert "no machine called" in capsys.readouterr().err


@pytest.mark.parametrize("interval", [-5, 10**12])
def test_a_strange_interval_does_not_hold_up_a_sign_in(portal: Portal, interval: int) -> None:
    portal.answers = [(200, {}, {**CODES, "interval": interval}), not_yet("access_denied")]
    assert main(["login", portal.url]) == 1


# ---- the terminal ----


def test_json_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    as_json({"name": "a\x9b2Jb\u202ec\U000e0001"})
    said = capsys.readouterr().out
    assert said.isascii()
    assert json.loads(said) == {"name": "a\x9b2Jb\u202ec\U000e0001"}


def test_a_question_does_not_steer_it(signed_in: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: questions.append(question) or "")
    signed_in.answers = [(200, {}, [{**CONDOR, "name": "a\x9b2J"}])]
    assert (main(["reset", "a"]), questions[0].isprintable()) == (1, True)


@pytest.mark.parametrize("words", [["ls"], ["ls", "--json"]])
def test_half_of_a_pair_is_printed(signed_in: Portal, words: list[str]) -> None:
    signed_in.answers = [(200, {}, [{**CONDOR, "name": "a\ud800b"}])]
    assert run(*words)[0] == 0


def test_what_a_terminal_cannot_show_is_replaced(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, [{**CONDOR, "name": "cóndor"}])]
    assert "c?ndor" in run("ls", PYTHONIOENCODING="ascii")[1]


def test_closed_streams_cost_nothing(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, [CONDOR])]
    line = f"cd {FOLDER}; exec {sys.executable} -m minga_client reset condor <&- >&-"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, is_sentence(done.stderr), "--yes" in done.stderr) == (1, True, True)


def test_a_full_disk_is_told_in_a_sentence(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, [CONDOR])]
    line = f"cd {FOLDER}; exec {sys.executable} -m minga_client ls >/dev/full"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, is_sentence(done.stderr)) == (1, True)


def test_a_script_reads_the_code_where_nobody_reads_the_sentence(signed_in: Portal) -> None:
    signed_in.answers = [(401, {}, {"type": "about:blank", "status": 401, "code": "unknown_token", "detail": "No."})]
    line = f"cd {FOLDER}; exec {sys.executable} -m minga_client ls 2>/dev/full"
    assert subprocess.run(["sh", "-c", line], timeout=60).returncode == 4


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", ["--help", "ls --help", "__complete l"])
def test_whoever_reads_only_the_beginning_sees_no_error(words: str, unbuffered: str) -> None:
    line = f"cd {FOLDER}; PYTHONUNBUFFERED={unbuffered} {sys.executable} -m minga_client {words} | true"
    assert subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60).stderr == ""


# ---- ssh ----


@pytest.mark.parametrize(
    "fields", [{"host": "a;reboot"}, {"host": "a b"}, {"user": "-oProxyCommand=x"}, {"user": "$(id)"}]
)
def test_ssh_takes_only_names(fields: dict[str, str]) -> None:
    with pytest.raises(MingaError, match="no address"):
        ssh.command(decode(Machine, {**CONDOR, "access": [{**SSH, **fields}]}), [])


def test_ssh_finds_host_keys_below_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path / 'a "b" 100%')
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    line = ssh.command(decode(Machine, CONDOR), [])
    told = subprocess.run([line[0], "-G", *line[1:]], capture_output=True, text=True, check=True).stdout
    assert f"userknownhostsfile {folder}/minga/known_hosts" in told.splitlines()


# ---- ports ----


def test_a_port_that_is_open_already_is_not_taken_for_a_restricted_one(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, [CONDOR]), (200, {}, [SSH])]
    assert main(["open", "22", "condor", "--allow", "203.0.113.0/24"]) == 1
    assert [method for method, _path, _headers in signed_in.asked] == ["GET", "GET"]


# ---- logout ----


@pytest.mark.parametrize(("answer", "code"), [(None, 3), ((502, {}, b"<html>"), 5), ((503, {}, BUSY), 1)])
def test_logout_says_that_the_token_may_live_on(
    signed_in: Portal, answer: Any, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in.answers = [answer]
    assert main(["logout"]) == code
    assert "perhaps not revoked" in capsys.readouterr().err
    assert config.read() == config.Config()


# ---- Ctrl-C ----


def test_little_is_loaded_before_it_is_ready_for_an_interrupt() -> None:
    """Check that Ctrl-C meets few imports: during one it would end in a trace."""
    line = "import sys, minga_client.cli; print('minga_client.client' in sys.modules, 'argparse' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", line], cwd=FOLDER, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


# ---- what cannot be meant, and what can ----


@pytest.mark.parametrize("text", ["nan", "-1", "soon"])
def test_what_is_no_time_to_wait(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["wake", "condor", "--wait", "--timeout", text])
    assert "is no number of seconds" in capsys.readouterr().err


def test_the_only_machine_in_the_bin_is_restored_without_its_name(signed_in: Portal) -> None:
    signed_in.answers = [(200, {}, []), (200, {}, [CONDOR]), (202, {}, CONDOR)]
    assert main(["restore"]) == 0
    assert [path.partition("?")[2] for _method, path, _headers in signed_in.asked] == ["state=archived", "bin=True", ""]

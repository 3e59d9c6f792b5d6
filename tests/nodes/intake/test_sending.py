"""minga-intake asks, sends and says what came of it: by its exit status, and in sentences of both languages."""

import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from nodes.intake import code_text, typed_report
from tests.nodes.intake import recorded

CODE = "K7MQR-2XHB" + code_text.check_letter("K7MQR2XHB")
TAKEN = {"number": "MNG-00127-4", "why": "", "bad_disks": []}
Portal = Callable[..., str]


@pytest.fixture
def intake(tmp_path: Path, monkeypatch: Any) -> Any:
    """The program on the recorded desktop, without smartctl."""
    module, root = recorded.program(), str(recorded.desktop(tmp_path))
    monkeypatch.setattr(module, "Tree", lambda tree=module.Tree: tree(root))
    monkeypatch.setattr(module.shutil, "which", lambda *_args, **_kwargs: None)
    monkeypatch.setattr("builtins.input", lambda question="": _nobody(question))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return module


def _nobody(question: str) -> str:
    print(question, end="")
    raise EOFError


@pytest.fixture
def portal() -> Iterator[Portal]:
    """Return a function that starts a portal with one answer. What it was sent is in its `sent`."""
    servers: list[HTTPServer] = []

    def start(status: int, body: Any, **headers: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                start.sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))  # type: ignore[attr-defined]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

            def log_message(self, *_args: Any) -> None:
                pass

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def typed_lines(said: str) -> str:
    return "\n".join(line for line in said.splitlines() if "#" in line)


def test_what_is_sent_is_shown_first(intake: Any, portal: Portal, capsys: Any) -> None:
    url = portal(201, TAKEN)
    assert intake.main(["--yes", "--code", CODE.lower(), "--url", url, "--kg", "8,4"]) == intake.SENT
    sent, said = portal.sent, capsys.readouterr().out  # type: ignore[attr-defined]
    assert (sent["code"], sent["facts"]["grams"], sent["facts"]["serial"]) == (CODE.replace("-", ""), 8400, "ABC123J")
    assert said.index("ABC123J") < said.index("Thank you: MNG-00127-4 is written down.")


def test_the_verdict_of_the_portal_is_told(intake: Any, portal: Portal, capsys: Any) -> None:
    url = portal(201, {**TAKEN, "why": "It has too little memory.", "bad_disks": ["sda"]})
    intake.main(["--yes", "--code", CODE, "--url", url])
    said = capsys.readouterr().out
    assert "It cannot carry machines: It has too little memory.\nNot for machines' disks: sda" in said


@pytest.mark.parametrize("status", [400, 403, 413, 429])
def test_a_refusal_is_told_in_the_portals_words(status: int, intake: Any, portal: Portal, capsys: Any) -> None:
    url = portal(status, {"detail": "This code does not work (any more)."})
    assert intake.main(["--yes", "--code", CODE, "--url", url]) == intake.REFUSED
    assert capsys.readouterr().err == "The portal did not take it: This code does not work (any more).\n"


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (502, "<html>", "the portal does not answer (502)"), (404, "<html>", "there is no portal at this address"),
        (200, "<html>", "there is no portal at this address"), (201, "[]", "there is no portal at this address"),
        (503, {"detail": "Come back later."}, "Come back later."),
    ],
)  # fmt: skip
def test_where_no_portal_answers_the_lines_are_shown(
    status: int, body: Any, told: str, intake: Any, portal: Portal, capsys: Any
) -> None:
    assert intake.main(["--yes", "--code", CODE, "--url", portal(status, body)]) == intake.NOT_SENT
    said = capsys.readouterr()
    assert said.err == f"It could not be sent: {told}\n"
    assert typed_report.read(typed_lines(said.out)).machine["serial"] == "ABC123J"


def test_a_redirect_is_told_and_not_followed(intake: Any, portal: Portal, capsys: Any) -> None:
    url = portal(301, "", Location="https://labs.example.org/api/v1/intake/")
    assert intake.main(["--yes", "--code", CODE, "--url", url]) == intake.NOT_SENT
    assert "leads on to https://labs.example.org: say that one" in capsys.readouterr().err


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://nowhere.invalid", "http://[", "http://127.0.0.1:99999999"]
)
def test_without_a_network_the_lines_are_shown(url: str, intake: Any, capsys: Any) -> None:
    assert intake.main(["--yes", "--code", CODE, "--url", url]) == intake.NOT_SENT
    assert typed_report.read(typed_lines(capsys.readouterr().out)).disks[0]["name"] == "sda"


def test_of_a_certificate_that_is_not_trusted_the_clock_is_told(intake: Any) -> None:
    told = intake.why_not_sent(ssl.SSLCertVerificationError("expired"))
    assert f"This computer's clock says {intake.date.today()}" in told


def test_nobody_who_says_yes_sends_nothing(intake: Any, portal: Portal, capsys: Any) -> None:
    assert intake.main(["--code", CODE, "--url", portal(201, TAKEN)]) == intake.NOT_CONFIRMED
    assert not hasattr(portal, "sent")


def test_who_answers_is_asked_until_it_can_be_read(intake: Any, portal: Portal, monkeypatch: Any) -> None:
    answers = iter(["heavy", "8,4 kg", "x", CODE, "y"])
    monkeypatch.setattr("builtins.input", lambda question="": next(answers))
    assert intake.main(["--url", portal(201, TAKEN)]) == intake.SENT
    assert portal.sent["facts"]["grams"] == 8400  # type: ignore[attr-defined]


def test_without_a_code_the_lines_are_shown(intake: Any, capsys: Any) -> None:
    assert intake.main(["--url", "http://nowhere.invalid"]) == intake.NOT_SENT
    assert typed_report.read(typed_lines(capsys.readouterr().out))


def test_print_sends_nothing_and_needs_no_address(intake: Any, capsys: Any) -> None:
    assert intake.main(["--print"]) == intake.SENT
    assert typed_report.read(typed_lines(capsys.readouterr().out)).not_read == ["smartctl"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--yes", "--url", "https://x"], "Say the code with --code."), (["--code", "K7MQR-2XHB2", "--url", "https://x"], "This is not a code"),
        (["--url", "ftp://x"], "An address begins with"), ([], "Say the portal's address"), (["--kg", "900", "--print"], "Write the weight in kg"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_told_before_anything_is_read(
    words: list[str], told: str, intake: Any, capsys: Any
) -> None:
    with pytest.raises(SystemExit) as ended:
        intake.main(words)
    assert (ended.value.code, told in capsys.readouterr().err) == (intake.WRONG_ARGUMENTS, True)


def test_in_a_spanish_terminal_it_speaks_spanish(intake: Any, portal: Portal, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("LANG", "es_EC.UTF-8")
    intake.main(["--yes", "--code", CODE, "--url", portal(201, TAKEN)])
    said = capsys.readouterr().out
    assert all(each in said for each in ("Procesador", "No se pudo leer:", "Gracias: MNG-00127-4 quedó anotada."))


def test_every_sentence_of_the_program_has_its_spanish(intake: Any) -> None:
    text = recorded.FILE.read_text()
    said = (
        set(re.findall(r'say\("((?:[^"\\]|\\.)+)"\)', text))
        | set(intake.NOT_READ.values())
        | set(intake.CHASSIS.values())
    )
    assert not said - set(intake.SPANISH)

"""The mail server of make run takes mails by SMTP, shows them on a page, and sends nothing anywhere."""

import smtplib
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest

from deploy.local.mail_server import Box
from tests.ports import free_port
from tests.tunnels.agent_stage import Program
from tests.waiting import PATIENCE, until

HERE = "127.0.0.1"
pytestmark = pytest.mark.xdist_group("local-mail")


class LocalMail:
    """The mail server, started as make run does."""

    def __init__(self, folder: Path) -> None:
        self.smtp, self.page = free_port(), free_port()
        command = [sys.executable, "-m", "deploy.local.mail_server", "--data", str(folder / "mail")]
        command += ["--smtp-port", str(self.smtp), "--page-port", str(self.page)]
        self.program = Program(command, folder / "log")
        until(lambda: self._answers())

    def _answers(self) -> bool:
        try:
            return self.get("/").status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str, host: str = "") -> httpx.Response:
        headers = {"Host": host} if host else {}
        return httpx.get(f"http://{HERE}:{self.page}{path}", headers=headers, trust_env=False, timeout=PATIENCE)

    def send(self, subject: str, text: str, html: str = "") -> None:
        mail = EmailMessage()
        mail["Subject"], mail["From"], mail["To"] = subject, "minga@example.org", "ñusta@example.org"
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        with smtplib.SMTP(HERE, self.smtp, timeout=PATIENCE) as server:
            server.send_message(mail)


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMail]:
    part = LocalMail(tmp_path_factory.mktemp("mail"))
    yield part
    part.program.kill()


def newest(mail: LocalMail) -> str:
    """Return the address of the first mail in the list."""
    return mail.get("/").text.partition("<a href='")[2].partition("'")[0]


def test_the_newest_mail_is_first_in_the_list(mail: LocalMail) -> None:
    mail.send("first mail", "x")
    mail.send("second mail", "x")
    page = mail.get("/").text
    assert page.index("second mail") < page.index("first mail")


def test_a_mail_is_shown_with_links_to_follow(mail: LocalMail) -> None:
    mail.send("Se va a dormir", "¡Contesta!\nhttp://127.0.0.1:8000/asks/1-more.x.y/\n")
    page = mail.get(newest(mail)).text
    assert "¡Contesta!" in page
    assert "<a href='http://127.0.0.1:8000/asks/1-more.x.y/'>" in page


def test_what_a_mail_says_is_only_text(mail: LocalMail) -> None:
    mail.send("<script>alert(1)</script>", "<script>alert(2)</script>")
    for path in ("/", newest(mail)):
        assert "<script>" not in mail.get(path).text


def test_its_html_is_shown_in_a_sandbox(mail: LocalMail) -> None:
    mail.send("html", "plain", "<html><head></head><body><b>bold</b></body></html>")
    answer = mail.get(f"{newest(mail)}/html")
    assert "<b>bold</b>" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("sandbox ")


@pytest.mark.parametrize("path", ["/123", "/..%2f..%2fsecrets", "/x/html"])
def test_what_is_not_there_is_not_found(mail: LocalMail, path: str) -> None:
    assert mail.get(path).status_code == 404


def test_another_name_for_this_computer_gets_nothing(mail: LocalMail) -> None:
    """A page on the web could otherwise read mails here, by a name of its own that leads to 127.0.0.1."""
    assert mail.get("/", host="evil.example.org").status_code == 400


def test_mails_are_for_whoever_runs_it_only(mail: LocalMail) -> None:
    folder = Path(mail.program.command[mail.program.command.index("--data") + 1])
    assert folder.stat().st_mode & 0o077 == 0


def bytes_of(subject: str) -> bytes:
    return f"Subject: {subject}\nTo: student@example.org\n\nx\n".encode()


def subjects(box: Box) -> list[str]:
    return [str(mail["Subject"]) for name in box.names() if (mail := box.read(name))]


def test_mails_of_0_3_are_taken_over(tmp_path: Path) -> None:
    for name, subject in (("1764000000000000000", "older"), ("1764000000000000001", "newer")):
        (tmp_path / f"{name}.eml").write_bytes(bytes_of(subject))
    assert subjects(Box(tmp_path)) == ["newer", "older"]
    assert subjects(Box(tmp_path)) == ["newer", "older"]


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.local.mail_server.KEPT", 2)
    box = Box(tmp_path)
    for subject in ("one", "two", "three"):
        box.handle_message(message_from_bytes(bytes_of(subject)))
    assert subjects(box) == ["three", "two"]

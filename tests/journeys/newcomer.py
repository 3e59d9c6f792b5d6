"""The first hour of a person from an imported list: from the mailed link to a shell in a machine, with two keys. The same steps on every kind of guest."""

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import httpx
from playwright.sync_api import Browser, expect

from tests.journeys.fresh_home import FreshHome
from tests.journeys.stack import Stack, wait_for
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

ADDRESS, PASSWORD = "mjnaunay@example.org", "cuatro-llamas-azules"
GOOD = [f"Persona {n};persona{n}@example.org" for n in range(1, 37)] + [f"María José Ñauñay;{ADDRESS}"]
BAD = {  # why: the line
    "There is no e-mail address.": "Sin Correo;",
    "The same person as in line 2.": "Persona Repetida;PERSONA1@example.org",
    "It begins like a spreadsheet formula.": "=1+1;formula@example.org",
}
LIST = "\n".join(["nombre;correo", *GOOD, *BAD.values()])
SHELL_SECONDS = 1200.0  # an emulated guest may be said to run minutes before its sshd listens


def reach_a_shell(
    stack: Stack,
    browser: Browser,
    home: FreshHome,
    template: str,
    typed: str,
    printed: set[str],
    boot: Callable[[Stack], None] = lambda _stack: None,
) -> tuple[str, str]:
    """Import the list, and be one of it. Return the id of the machine, and the line that opens a shell in it.

    `typed` and `printed`: commands for the machine's shell, and words that they print there and nowhere else. boot: sees the guest
    through a boot that takes long.
    """
    import_list(Visitor(browser, stack).sign_in("admin"))
    maria = Visitor(browser, stack)
    choose_password(maria, mailed_link(stack, ADDRESS))
    first = stored_key(maria, home)
    machine = maria.launch("condor", template)
    boot(stack)
    maria.sees("running")
    line = maria.copied("ssh")
    wait_for(lambda: printed <= words_of(home, line, typed), SHELL_SECONDS, "the copied line opens a shell")
    return machine, _with_second_key(maria, home, line, first.name, typed, printed)


def _with_second_key(maria: Visitor, home: FreshHome, line: str, first: str, typed: str, printed: set[str]) -> str:
    """Store another key, put it into the running machine, and return the line that opens a shell with it alone."""
    second = stored_key(maria, home)
    with_second = line.replace(f"{first} ", f"{second.name} ")
    assert not printed & words_of(home, f"{with_second} -o IdentitiesOnly=yes", typed)
    said = put_newest_key_in(maria)
    wait_for(
        lambda: printed <= words_of(home, with_second, typed),
        SHELL_SECONDS,
        "the second key opens one",
        say=lambda: said,
    )
    return with_second


def import_list(admin: Visitor) -> None:
    """Look at the preview, which names the bad lines; then create the others."""
    page = admin.page
    page.goto("/manage/people/import/")
    file = {"name": "lista.csv", "mimeType": "text/csv", "buffer": LIST.encode("cp1252")}
    page.locator("[name=file]").set_input_files(file)  # type: ignore[arg-type]
    page.locator("main form button.main").click()
    left_out = page.locator("li").filter(has=page.locator(".pill.tone-trouble"))
    for reason in BAD:
        expect(left_out.get_by_text(reason)).to_have_count(1, timeout=PATIENCE * 1000)
    expect(left_out).to_have_count(len(BAD))
    expect(page.locator(".pill.tone-on")).to_have_count(len(GOOD))
    page.locator("button[name=create]").click()
    page.get_by_text(f"{len(GOOD)} accounts are created.").wait_for()


def mailed_link(stack: Stack, address: str) -> str:
    """Return the link of the mail to this address, once the mail is there."""
    port = json.loads((stack.data / "ports.json").read_text())["mail_page"]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=PATIENCE) as mails:
        wait_for(lambda: address in mails.get("/").text, PATIENCE, "the mail is there")
        name = re.search(rf"<li><a href='([^']+)'>[^<]*</a><br>[^·]*{re.escape(address)}", mails.get("/").text)
        assert name
        link = re.search(rf"<a href='({re.escape(stack.url)}[^']+)'>", mails.get(html.unescape(name[1])).text)
    assert link
    return html.unescape(link[1])


def choose_password(person: Visitor, link: str) -> None:
    """Choose a password by the link of a mail, which signs in."""
    person.page.goto(link)
    for field in ("password1", "password2"):
        person.page.locator(f"[name={field}]").fill(PASSWORD)
    person.page.locator("main form button.main").click()
    person.page.locator("#user-menu").wait_for()


def stored_key(person: Visitor, home: FreshHome) -> Path:
    """Have a key made, and store it by the line that the page shows."""
    file = person.have_a_key_made(home.home / "Downloads")
    stored = home.run(person.copied("store-unix"))
    assert stored.returncode == 0, stored.stderr
    return file


def words_of(home: FreshHome, line: str, typed: str) -> set[str]:
    """Return the words that are printed behind a line that was run exactly as it was copied."""
    return set(home.run(line, typed=f"{typed}\n").stdout.split())


def put_newest_key_in(person: Visitor) -> str:
    """Press "put this key into my machines" beside the key that was added last. Return what the page says once that is done."""
    page = person.page
    page.goto("/keys/")
    page.locator("form[action$='/install/'] button").last.click()
    page.wait_for_url("**/install/")
    part = page.locator("#install")
    page.locator("#install[data-pace]").wait_for(state="detached", timeout=1000 * person.seconds)
    return part.inner_text()

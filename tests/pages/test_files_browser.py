"""The files of a machine beside its terminal, in a real browser: against a server that keeps the contract of the live process."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from machines.models import Machine
from tests.chromium import in_a_browser
from tests.factories import make_machine
from tests.pages.beside_live import let_pages_reach
from tests.pages.files_door import FilesDoor
from tests.pages.test_browser import AXE, faults, visit
from tests.pages.test_terminal_page import with_own_key
from tests.waiting import until

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
HOSTILE = ["<img src=x onerror=alert(1)>.txt", "factura_\u202egpj.exe", "a" * 200, "two\nlines", "back\\slash"]
ON_THE_TERMINAL = """async ([place, names]) => {
  const data = new DataTransfer();
  for (const name of names) data.items.add(new File(["dropped"], name));
  for (const type of ["dragenter", "dragover", "drop"])
    document.querySelector(place).dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def door(tmp_path: Path, settings: Any) -> Iterator[FilesDoor]:
    door = FilesDoor(tmp_path / "machine")
    let_pages_reach(settings, door.url)
    yield door
    door.stop()


@pytest.fixture
def machine(student: User) -> Machine:
    return with_own_key(make_machine(student, state="running", name="condor"))


def opened(
    browser: Browser, live_server: Any, machine: Machine, width: int = 1280, language: str = "en", **more: Any
) -> Page:
    page = visit(browser, live_server, user=machine.owner, width=width, theme="light", language=language, **more)
    page.goto(f"/machines/{machine.pk}/terminal/")
    page.locator("#files-button").click()
    expect(page.locator("[data-trail]")).not_to_be_empty()
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator(".entry", has=page.get_by_text(name, exact=True))


def upload(page: Page, *files: Path) -> None:
    page.locator("[data-chosen]").set_input_files([str(each) for each in files])


def large(tmp_path: Path, megabytes: int = 20) -> Path:
    file = tmp_path / "captura.pcap"
    file.write_bytes(os.urandom(1 << 20) * megabytes)
    return file


def test_folders_are_walked_and_a_file_is_a_download(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor
) -> None:
    (door.home / "lab3").mkdir()
    (door.home / "lab3/rutas.sh").write_text("ip route")
    page = opened(browser, live_server, machine)
    page.get_by_role("button", name="lab3", exact=True).click()
    expect(page.locator("[data-trail]")).to_have_text("Homelab3")
    link = page.get_by_role("link", name="Download \u2068rutas.sh\u2069")
    expect(link).to_have_attribute("href", f"/machines/{machine.pk}/files/?path=%2Fhome%2Fdebian%2Flab3%2Frutas.sh")


def test_a_download_is_saved_and_one_that_is_refused_says_why_in_its_row(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor
) -> None:
    (door.home / "rutas.sh").write_text("ip route")
    page = opened(browser, live_server, machine)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download \u2068rutas.sh\u2069").click()
    assert download.value.path().read_text() == "ip route"
    (door.home / "rutas.sh").unlink()
    page.get_by_role("link", name="Download \u2068rutas.sh\u2069").click()
    expect(row(page, "rutas.sh").locator("> [data-error]")).to_have_text("not_found: rutas.sh")


def test_hostile_names_are_text(browser: Browser, live_server: Any, machine: Machine, door: FilesDoor) -> None:
    for name in HOSTILE:
        (door.home / name).touch()
    (door.home / os.fsdecode(b"caf\xe9")).touch()
    page = opened(browser, live_server, machine, width=390)
    expect(page.locator(".entry bdi")).to_have_count(6)
    shown = page.locator(".entry bdi").all_inner_texts()
    assert sorted(shown) == sorted(
        [HOSTILE[0], r"factura_\u202egpj.exe", HOSTILE[2], r"two\u000alines", HOSTILE[4], r"caf\xe9"]
    )
    assert page.locator(".entry img").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_an_upload_that_is_cut_goes_on_and_is_compared(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    file = large(tmp_path)
    door.cut_after = 10 << 20
    page = opened(browser, live_server, machine)
    upload(page, file)
    expect(page.locator(".move [data-say]")).to_contain_text("Arrived, the same on both sides.")
    expect(page.locator(".move [data-whole]")).to_be_hidden()
    page.get_by_text("SHA-256").click()
    expect(page.locator(".move [data-whole]")).to_have_text(hashlib.sha256(file.read_bytes()).hexdigest())
    assert (door.home / file.name).read_bytes() == file.read_bytes()
    assert door.taken == 20 << 20  # nothing was sent twice
    expect(row(page, file.name)).to_be_visible()


def test_an_upload_goes_on_after_a_reload_with_the_same_file_only(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    file, other = large(tmp_path), tmp_path / "other.pcap"
    other.write_bytes(b"other")
    page = opened(browser, live_server, machine)
    page.on("dialog", lambda dialog: dialog.accept())
    door.let_on.clear()
    upload(page, file)
    expect(page.locator("progress")).to_have_js_property("value", 40)
    page.reload()
    door.let_on.set()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose the file").click()
    chooser.value.set_files(str(other))
    expect(page.locator("[data-trouble]")).to_contain_text("That is another file.")
    upload(page, file)
    expect(page.locator(".move [data-say]")).to_contain_text("Arrived, the same on both sides.")
    assert door.taken == 20 << 20
    assert (door.home / file.name).read_bytes() == file.read_bytes()


def test_a_file_that_is_there_is_replaced_only_after_a_question(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    (door.home / "notes.txt").write_text("old")
    (tmp_path / "notes.txt").write_text("new")
    page = opened(browser, live_server, machine)
    expect(row(page, "notes.txt")).to_be_visible()
    upload(page, tmp_path / "notes.txt")
    expect(page.locator(".move")).to_contain_text("notes.txt is there already. Replace it?")
    page.get_by_role("button", name="Keep the old one").click()
    expect(page.locator(".move")).to_have_count(0)
    upload(page, tmp_path / "notes.txt")
    assert (door.home / "notes.txt").read_text() == "old"
    page.get_by_role("button", name="Replace").click()
    expect(page.locator(".move")).to_contain_text("Arrived")
    assert (door.home / "notes.txt").read_text() == "new"


def test_a_file_that_came_meanwhile_is_asked_about_too(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("new")
    page = opened(browser, live_server, machine)
    expect(page.locator("[data-remark]")).to_have_text("Nothing is in this folder.")
    (door.home / "notes.txt").write_text("old")
    upload(page, tmp_path / "notes.txt")
    page.get_by_role("button", name="Replace").click()
    expect(page.locator(".move")).to_contain_text("Arrived")


def test_four_go_at_once_and_a_cancelled_one_leaves_nothing(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    files = [tmp_path / f"{number}.bin" for number in range(6)]
    for file in files:
        file.write_bytes(b"some")
    page = opened(browser, live_server, machine)
    door.let_on.clear()
    upload(page, *files)
    until(lambda: door.at_once == 4, "four are on their way")
    expect(page.locator(".move", has_text="Waits: four are on their way.")).to_have_count(2)
    page.get_by_role("button", name="Cancel \u2068" + "5.bin").click()
    expect(page.locator(".move")).to_have_count(5)
    door.let_on.set()
    expect(page.locator(".move", has_text="Arrived")).to_have_count(5)
    assert door.most_at_once == 4
    assert sorted(each.name for each in door.home.iterdir()) == ["0.bin", "1.bin", "2.bin", "3.bin", "4.bin"]


def test_a_running_upload_that_is_cancelled_is_given_up(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path
) -> None:
    page = opened(browser, live_server, machine)
    door.let_on.clear()
    upload(page, large(tmp_path))
    expect(page.locator("progress")).to_have_js_property("value", 40)
    with page.expect_request(lambda request: request.method == "DELETE" and "upload=1" in request.url):
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#files-title")).to_be_focused()


def test_a_folder_is_deleted_after_its_content_was_named(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor
) -> None:
    (door.home / "lab3/deep").mkdir(parents=True)
    (door.home / "lab3/rutas.sh").touch()
    page = opened(browser, live_server, machine)
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Delete \u2068lab3").click()
    expect(page.locator(".sure-box")).to_contain_text("Delete lab3 and the 2 things in it")
    page.get_by_role("button", name="Do not delete").click()
    assert (door.home / "lab3").exists()
    page.get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Delete \u2068lab3").click()
    page.locator("[data-yes]").click()
    expect(page.locator("#files-said")).to_have_text("\u2068lab3\u2069 is deleted.")
    assert not (door.home / "lab3").exists()


def test_a_refused_name_says_so_at_its_field(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor
) -> None:
    for name in ("a.txt", "b.txt"):
        (door.home / name).touch()
    page = opened(browser, live_server, machine)
    row(page, "a.txt").get_by_role("button", name="More for").click()
    page.get_by_role("button", name="Rename").click()
    field = page.get_by_label("New name of a.txt")
    for name, sentence in {"": "Write a name.", "x/y": "A name has no / in it", "b.txt": "exists: b.txt"}.items():
        field.fill(name)
        field.press("Enter")
        expect(page.locator("#files-name-error")).to_contain_text(sentence)
    field.fill("c.txt")
    field.press("Enter")
    expect(row(page, "c.txt").locator(".opens")).to_be_focused()


def test_a_new_folder_is_made_by_keyboard(browser: Browser, live_server: Any, machine: Machine, door: Any) -> None:
    page = opened(browser, live_server, machine)
    expect(page.locator("#files-title")).to_be_focused()
    page.get_by_role("button", name="Folder").press("Enter")
    page.keyboard.type("lab4")
    page.keyboard.press("Enter")
    expect(page.locator(".opens", has_text="lab4")).to_be_focused()
    assert (door.home / "lab4").is_dir()


def test_files_are_dropped_onto_the_terminal(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor
) -> None:
    page = opened(browser, live_server, machine)
    page.get_by_role("button", name="Close the files").click()
    page.evaluate(ON_THE_TERMINAL, [".shell", ["one.txt", "two.txt"]])
    expect(page.locator(".move", has_text="Arrived")).to_have_count(2)
    assert (door.home / "two.txt").read_text() == "dropped"


def test_an_unreachable_machine_is_a_sentence_and_a_button(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor
) -> None:
    page = visit(browser, live_server, user=machine.owner, width=1280, theme="light", language="en")
    page.route("**/live/files/**", lambda route: route.abort())
    page.goto(f"/machines/{machine.pk}/terminal/")
    page.locator("#files-button").click()
    expect(page.locator("[data-trouble]")).to_contain_text("The machine's files cannot be reached just now.")
    page.unroute("**/live/files/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-remark]")).to_have_text("Nothing is in this folder.")
    expect(page.locator("[data-trouble]")).to_be_empty()


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")
@pytest.mark.parametrize(
    ("language", "looks"), [("es", [(390, "light"), (1280, "dark")]), ("en", [(1280, "light"), (390, "dark")])]
)
def test_axe_finds_nothing(
    browser: Browser, live_server: Any, machine: Machine, door: FilesDoor, tmp_path: Path, language: str, looks: Any
) -> None:
    for name in ("capturas", "lab3"):
        (door.home / name).mkdir()
    for name in ("informe.md", "rutas.sh", ".bashrc", HOSTILE[2]):
        (door.home / name).write_text("x" * 3000)
    page = opened(browser, live_server, machine, width=looks[0][0], language=language, axe=True)
    expect(page.locator(".entry")).to_have_count(6)
    wrong = faults(page, f"{language}-files", *looks)
    door.let_on.clear()
    (tmp_path / "informe.md").write_text("new")
    upload(page, large(tmp_path, 9), tmp_path / "informe.md")
    row(page, "capturas").locator("[data-more]").click()
    expect(page.locator("progress").first).not_to_have_js_property("value", 0)
    wrong += faults(page, f"{language}-files-moving", *looks)
    row(page, "capturas").locator("[data-remove]").click()
    page.locator("[data-new]").click()
    wrong += faults(page, f"{language}-files-asking", *looks)
    assert wrong == []

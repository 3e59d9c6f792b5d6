"""Photos in a real browser: chosen on a phone, made smaller there, kept over errors, sent in one tap at the desk."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.donors import donor_links
from accounts.models import User
from nodes.files import photo_bytes, photos
from nodes.models import Donation, Photo
from tests.chromium import in_a_browser
from tests.nodes.donated import make_computer, offered
from tests.nodes.files.pictures import photo_of
from tests.pages.test_browser import AXE, faults, look, visit

pytestmark = [*in_a_browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("pages-in-a-browser")]
LOOKS = {"es": [(390, "light"), (1280, "dark")], "en": [(1280, "light"), (390, "dark")]}
needs_axe = pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A large photo, a small one, and a file that is none."""
    contents = {"front.jpg": photo_of(2400, 1800), "back.jpg": photo_of(400, 300), "notes.gif": b"GIF89a"}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return [tmp_path / name for name in contents]


def choose(page: Page, files: list[Path], field: str = "[name=photos]") -> None:
    page.locator(field).first.set_input_files([str(each) for each in files])


def test_two_photos_are_offered_and_one_is_refused(browser: Browser, live_server: Any, files: list[Path]) -> None:
    page = visit(browser, live_server, user=None, width=390, theme="light", language="en")
    page.goto("/donate/")
    page.locator("[value=desktop]").check()
    choose(page, files)
    expect(page.locator("[data-said]")).to_have_text("Chosen: front.jpg, back.jpg, notes.gif")
    page.locator(".main[name=check]").click()
    expect(page.get_by_text("notes.gif: Only photos in JPEG, PNG or WebP are read.")).to_be_visible()
    expect(page.locator(".photo img")).to_have_count(2)
    page.locator("[name=name]").fill("Carlos")
    page.locator("[name=email]").fill("carlos@example.org")
    page.locator("[name=handover][value=bring]").check()
    page.locator(".main[name=check], button[name=check]").last.click()
    page.locator(".main[name=offer]").click()
    expect(page.get_by_role("heading", name="Thank you for your offer")).to_be_visible()
    assert sorted(Donation.objects.get().photos.values_list("width", flat=True)) == [400, 1600]


def test_a_large_photo_is_made_smaller_before_it_is_sent(browser: Browser, live_server: Any, files: list[Path]) -> None:
    page = visit(browser, live_server, user=None, width=390, theme="light", language="en")
    page.goto("/donate/")
    choose(page, files[:1])
    expect(page.locator("[data-said]")).to_have_text("Chosen: front.jpg")
    size = page.locator("[name=photos]").evaluate("each => each.files[0].size")
    assert size < files[0].stat().st_size / 2


def test_of_too_many_the_rest_is_named_at_once(browser: Browser, live_server: Any, files: list[Path]) -> None:
    page = visit(browser, live_server, user=None, width=390, theme="light", language="es")
    page.goto("/donate/")
    choose(page, [files[1]] * 4)
    expect(page.locator("[data-said]")).to_contain_text("Fuera, porque son demasiadas: back.jpg")


def test_without_a_script_photos_are_sent_as_they_are(browser: Browser, live_server: Any, files: list[Path]) -> None:
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(f"/given/{donor_links.token(offered().donor)}/")
    choose(page, files[:1])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Thank you for the photo.")).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("The photo is removed.")).to_be_visible()
    assert not Photo.objects.exists()


def test_at_the_desk_a_photo_is_one_tap(browser: Browser, live_server: Any, files: list[Path], admin: User) -> None:
    computer = make_computer("received")
    page = visit(browser, live_server, user=admin, width=390, theme="light", language="en")
    page.goto(f"/manage/computers/{computer.pk}/")
    with page.expect_file_chooser() as chooser:
        page.locator("[data-opens]").click()
    chooser.value.set_files(str(files[1]))
    expect(page.locator(".photo img")).to_have_count(1)
    assert computer.photos.get().by == admin
    choose(page, files[2:], "#id_photos")
    expect(page.locator("#id_photos_error")).to_contain_text("notes.gif: Only photos")
    page.get_by_role("link", name="Remove").click()
    page.get_by_role("button", name="Remove the photo").click()
    expect(page.get_by_text("The photo is removed.")).to_be_visible()


@needs_axe
@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_pages_with_photos(
    browser: Browser, live_server: Any, language: str, files: list[Path], admin: User
) -> None:
    (width, theme), *_others = LOOKS[language]
    page = visit(browser, live_server, user=None, width=width, theme=theme, language=language, axe=True)
    page.goto("/donate/")
    page.locator("[value=desktop]").check()
    choose(page, files)
    page.locator(".main[name=check]").click()
    expect(page.locator(".photo img")).to_have_count(2)
    wrong = faults(page, f"{language}-offer-photos", *LOOKS[language])
    donation = offered()
    computer = donation.computers.get()
    photos.add_of_donor(photo_bytes.read(files[0].read_bytes()), donation)
    photos.assign(photos.add_of_donor(photo_bytes.read(files[1].read_bytes()), donation), computer, admin)
    wrong += look(page, f"/given/{donor_links.token(donation.donor)}/", f"{language}-given-photos", *LOOKS[language])
    desk = visit(browser, live_server, user=admin, width=width, theme=theme, language=language, axe=True)
    path = f"/manage/computers/{computer.pk}/"
    wrong += look(desk, path, f"{language}-desk-photos", *LOOKS[language])
    wrong += look(desk, f"{path}photos/{computer.photos.get().pk}/remove/", f"{language}-desk-remove", *LOOKS[language])
    wrong += look(desk, f"/manage/donations/{donation.pk}/", f"{language}-donation-photos", *LOOKS[language])
    assert wrong == []

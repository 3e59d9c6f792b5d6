"""The pages about people, audit, terms and requests in a real browser, with rows of every kind: axe finds nothing serious, nothing is too wide."""

from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page

from accounts import person_actions
from accounts.models import Terms, User
from machines import actions, moments
from machines.models import Machine
from quotas.models import QuotaRequest
from tests.chromium import in_a_browser
from tests.factories import grant, make_machine
from tests.pages.test_browser import AXE, faults, look, visit

pytestmark = [
    *in_a_browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("accounts-in-a-browser"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: npm install"),
]
LIST = "nombre;correo\nMaría José Chimbo;mjchimbo@example.org\nSin correo;\n=1+1;formula@example.org\n"
LOOKS = {"es": (360, "light"), "en": (1280, "dark")}
STATES = QuotaRequest.State


@pytest.fixture
def people(admin: User, student: User, student2: User, teacher: User) -> list[User]:
    """Make people of each state: invited, blocked, removed; and a student with requests of each state."""
    invited = person_actions.create(
        username="", name="Andrés Núñez", email="an@example.org", roles=["student"], by=admin, invite=True
    )
    person_actions.block(person=student2, by=admin)
    person_actions.remove(person=teacher, by=admin)
    decided = {"decided_by": admin, "decided_at": timezone.now(), "note": "Until the end of term."}
    for state in (STATES.OPEN, STATES.APPROVED, STATES.REFUSED):
        more = {} if state == STATES.OPEN else decided
        QuotaRequest.objects.create(
            user=student, subject=1, title={"en": "Lab"}, reason="Thesis", machines=1, state=state, **more
        )
    return [invited, student2, teacher, student]


@pytest.fixture
def machine(student: User, admin: User) -> Machine:
    """A student's machine with a kept moment, which an administrator has put to sleep."""
    grant(student)
    machine = make_machine(student, name="condor")
    moments.keep(machine=machine, name="before the exam", by=student)
    actions.suspend(machine=machine, by=admin)
    return machine


@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_pages_of_administrators(
    browser: Browser, live_server: Any, people: list[User], machine: Machine, admin: User, language: str
) -> None:
    page = window(browser, live_server, admin, language)
    paths = [
        "people/",
        "people/new/",
        "people/import/",
        f"people/{machine.owner_id}/remove/",
        "requests/",
    ]
    paths += [f"people/{person.pk}/" for person in people]
    wrong = [fault for path in paths for fault in looked(page, f"/manage/{path}", language)]
    wrong += after_a_press(page, "/manage/people/new/", language)
    wrong += after_a_press(page, "/manage/people/import/", language, csv=LIST)
    assert page.locator(".pill.tone-trouble").count() == 2  # the preview
    assert wrong == []


@pytest.mark.parametrize("language", LOOKS)
def test_axe_finds_nothing_on_pages_of_the_person(
    browser: Browser, live_server: Any, people: list[User], machine: Machine, student: User, language: str
) -> None:
    page = window(browser, live_server, student, language)
    paths = [f"/machines/{machine.pk}/moments/", f"/machines/{machine.pk}/", "/account/staff/", "/requests/"]
    wrong = [fault for path in paths for fault in looked(page, path, language)]
    Terms.objects.create(number=1, text_en="Be kind.\n\nShare.", text_es="Sé amable.\n\nComparte.", by=None)
    wrong += looked(page, "/", language)
    assert page.url.startswith(f"{live_server.url}/terms/")
    assert wrong == []


def window(browser: Browser, live_server: Any, person: User, language: str) -> Page:
    width, theme = LOOKS[language]
    return visit(browser, live_server, user=person, width=width, theme=theme, language=language, axe=True)


def looked(page: Page, path: str, language: str) -> list[str]:
    return look(page, path, f"{path.strip('/').replace('/', '-') or 'home'}-{language}", LOOKS[language])


def after_a_press(page: Page, path: str, language: str, **facts: str) -> list[str]:
    """Fill in the form of a page, send it, and look at the answer."""
    page.goto(path)
    for name, value in facts.items():
        page.locator(f"[name={name}]").fill(value)
    page.locator("main form.fields button.main").click()
    page.locator("[role=alert], button[name=create]").first.wait_for()
    return faults(page, f"sent-{path.strip('/').replace('/', '-')}-{language}", LOOKS[language])

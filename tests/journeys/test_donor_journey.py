"""A donor's way in a browser: an offer without an account, every state of a computer, what it brings, half of it given away, and its end.

Time moves on as far as rows know of it: their times are set back.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import in_a_browser
from tests.journeys.kinds import on_simulated
from tests.journeys.newcomer import mailed_link
from tests.journeys.stack import Stack, wait_for
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

pytestmark = [*in_a_browser, pytest.mark.slow, on_simulated]
PHONE = 390
ADDRESS = "dora@example.org"
A_PASS = "from nodes.tasks import follow_subscriptions; follow_subscriptions()"  # comes each minute; nobody waits for it here


class Clock:
    """The times of rows, which are set back so that days pass."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def rows(self, query: str, *given: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.stack.database_url) as database:
            cursor = database.execute(query, given)
            return cursor.fetchall() if cursor.description else []

    def let_undo_pass(self) -> None:
        """Let the ten minutes pass in which a step can be undone: then mails go out, and what was promised begins."""
        self.rows("UPDATE nodes_statechange SET at = at - interval '11 minutes'")
        self.stack.django(A_PASS)

    def pass_days(self, days: int) -> None:
        earlier = f"interval '{days} days'"
        self.rows(
            f"UPDATE accounts_subscription SET starts_at = starts_at - {earlier}, ends_at = ends_at - {earlier}, "
            f"moved_at = moved_at - {earlier}"
        )
        self.rows(
            f"UPDATE quotas_grant SET starts_at = starts_at - {earlier}, ends_at = ends_at - {earlier} "
            "WHERE source = 'subscription'"
        )
        self.stack.django(A_PASS)

    def until_told(self, mark: str) -> None:
        """Wait for the mail of this moment to the donor."""
        query = (
            "SELECT 1 FROM accounts_notice JOIN accounts_user ON accounts_user.id = recipient_id "
            "WHERE kind = 'subscription.end' AND arguments ->> 'mark' = %s AND username = 'donor' "
            "AND channel = 'mail' AND accounts_notice.state = 'delivered'"
        )
        wait_for(lambda: self.rows(query, mark), PATIENCE, f"the mail of {mark} is sent")


@pytest.fixture
def clock(stack: Stack) -> Iterator[Clock]:
    """The demo's donor has a quota by hand, which is put aside meanwhile."""
    found = Clock(stack)
    theirs = "user_id = (SELECT id FROM accounts_user WHERE username = 'donor') AND source = 'hand'"
    found.rows(f"UPDATE quotas_grant SET starts_at = starts_at + interval '1 year' WHERE {theirs}")
    yield found
    found.rows(f"UPDATE quotas_grant SET starts_at = starts_at - interval '1 year' WHERE {theirs}")


class Desk:
    """An administrator with a phone at the computers that were offered."""

    def __init__(self, stack: Stack, browser: Browser, clock: Clock) -> None:
        self.page = Visitor(browser, stack, width=PHONE).sign_in("admin").page
        query = "SELECT id FROM nodes_computer WHERE donation_id = (SELECT max(id) FROM nodes_donation) ORDER BY id"
        [(pk,), _too_small] = clock.rows(query)
        self.computer = f"/manage/computers/{pk}/"

    def take(self, step: str, then: str, **fields: str) -> None:
        """Take a step on the computer's page, which then says where the computer is."""
        self.page.goto(self.computer)
        form = self.page.locator("form").filter(has=self.page.locator(f"input[name=step][value={step}]"))
        for outer in form.locator("xpath=ancestor::details").all():
            outer.locator("summary").first.click()
        for name, value in fields.items():
            field = form.locator(f"[name={name}]")
            field.select_option(value) if field.evaluate("field => field.options") else field.fill(value)
        form.locator(".actionbar button.main, .row button").last.click()
        expect(self.page.locator(".hero .pill")).to_have_text(then)

    def take_in(self) -> None:
        self.take("accept", "Accepted")
        self.take("receive", "Received", weight="8,4")

    def go_the_whole_way(self) -> None:
        """Take one through all states of a computer that serves, by a detour."""
        for step, then in (
            ("wait_for_parts", "Waiting for parts"), ("receive", "Received"), ("lose", "Lost"), ("receive", "Received"),
        ):  # fmt: skip
            self.take(step, then)
        self.take("wipe", "Wiped", disks="without")
        self.take("test", "Tested")
        self.take("put_in_service", "In service")

    def take_out(self) -> None:
        self.take("retire", "Retired")
        self.take("use_for_parts", "Used for parts")
        self.take("recycle", "Recycled")


def test_from_an_offer_to_the_end_of_what_it_brought(stack: Stack, browser: Browser, clock: Clock) -> None:
    dora = Visitor(browser, stack, width=PHONE)
    offer_two(dora.page)
    given = mailed_link(stack, ADDRESS)
    desk = Desk(stack, browser, clock)
    desk.take_in()
    clock.let_undo_pass()
    confirm_and_add(dora, given)
    clock.let_undo_pass()
    dora.page.reload()
    expect(dora.page.locator(".figure.huge")).to_have_text("365")
    desk.go_the_whole_way()
    clock.let_undo_pass()
    says_its_state(dora.page, "In service", "Not accepted")
    half_of_it_goes_to_a_student(dora, Visitor(browser, stack, width=PHONE))
    machine_lives_and_is_kept(dora, desk, clock)


def confirm_and_add(dora: Visitor, given: str) -> None:
    """Confirm what came, by the link of the mail, and add it to an account."""
    page = dora.page
    page.goto(given)
    says_its_state(page, "Received", "Not accepted")
    page.get_by_role("button", name="Yes, this is what I gave").click()
    expect(page.get_by_text("We have written down what you said.")).to_be_visible()
    dora.sign_in("donor")
    page.goto(given)
    page.get_by_role("button", name="Add it to the account").click()
    page.wait_for_url("**/donating/")


def says_its_state(page: Page, *states: str) -> None:
    page.reload()
    for state in states:
        expect(page.locator("#main").get_by_text(state, exact=True).first).to_be_visible()


def half_of_it_goes_to_a_student(dora: Visitor, student: Visitor) -> None:
    page = dora.page
    page.get_by_role("link", name="Give a part away").click()
    page.get_by_role("button", name="See what that means").click()
    page.get_by_role("button", name="Create the code").click()
    code = page.locator("#code").inner_text()
    page = student.sign_in("student2").page
    page.goto(f"/subscription/?code={code}")
    page.get_by_role("button", name="See what it gives").click()
    page.get_by_role("button", name="Use the code").click()
    expect(page.locator(".figure.huge")).to_have_text("182")


def machine_lives_and_is_kept(dora: Visitor, desk: Desk, clock: Clock) -> None:
    """Launch with what is left, be reminded, sleep in the grace, end, and find all as it was after a renewal."""
    page = dora.page
    machine = dora.launch("chakana")
    dora.sees("running")
    line = dora.copied("ssh")
    for days, mark in ((155, "30"), (21, "7"), (6, "1")):
        clock.pass_days(days)
        clock.until_told(mark)
    desk.take_out()  # a computer that is worn out takes no days away
    page.goto("/donating/")
    expect(page.locator(".hero .pill")).to_have_text("Ends soon")
    clock.pass_days(2)
    clock.until_told("grace")
    page.goto(f"/machines/{machine}/")
    dora.sees("suspended")
    expect(page.get_by_text("Your subscription ended on").first).to_be_visible()
    clock.pass_days(31)
    clock.until_told("ended")
    renew(desk)
    page.goto(f"/machines/{machine}/")
    dora.press("wake")
    dora.sees("running")
    assert dora.copied("ssh") == line


def renew(desk: Desk) -> None:
    """Add days, by the way from the computer that brought the subscription."""
    desk.page.goto(desk.computer)
    desk.page.locator("section[aria-labelledby=subscriptions] a").first.click()
    desk.page.get_by_label("Days to add").fill("60")
    desk.page.locator("#main button.main").click()
    expect(desk.page.locator(".note.tone-on").first).to_be_visible()


def offer_two(page: Page) -> None:
    """Offer a computer that helps and one that is too small."""
    page.goto("/donate/")
    page.locator("[value=desktop]").check()
    page.locator("[name=c0-model]").fill("Dell OptiPlex 780")
    page.locator("[name=c0-bits]").select_option("64")
    page.locator("[name=c0-ram_mb]").select_option("4096")
    page.locator("[name=add]").click()
    page.locator("[name=c1-kind][value=laptop]").check()
    page.locator("[name=c1-cpu]").fill("Pentium 4")
    page.locator(".main[name=check]").click()
    expect(page.locator(".pill", has_text="It cannot carry machines")).to_be_visible()
    page.locator("[name=name]").fill("Dora Łukasz")
    page.locator("[name=email]").fill(ADDRESS)
    page.locator("[name=handover][value=bring]").check()
    page.locator(".main[name=offer]").click()
    expect(page.get_by_role("heading", name="Thank you for your offer")).to_be_visible()

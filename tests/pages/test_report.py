"""The report of a term: its page, its PDF and its list for a spreadsheet."""

import csv
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from nodes.printing import report_pdf
from nodes.printing.fonts import FontsMissing
from nodes.term_report import By, last_six_months, report
from tests.nodes.conftest import Clock
from tests.nodes.conftest import clock as clock
from tests.nodes.donated import donor_of, offered, stepped
from tests.nodes.months.served import serve
from tests.nodes.printing.printed import pages
from tests.pages.plain_text import text

pytestmark = pytest.mark.django_db
MARCH = "since=2026-03-01&until=2026-03-31"
ORGANISATION = "=HYPERLINK(Łódź & <b>)"


@pytest.fixture
def staff(client: Client, admin: User, clock: Clock) -> Client:
    """An administrator, and a computer of an organisation with an odd name. It is 2 March 2026."""
    donor = donor_of(name="Secreta Persona", organisation=ORGANISATION)
    computer = offered(donor=donor).computers.get()
    stepped(computer, "accept", "receive", "wipe", "test", "put_in_service", by=admin, grams=8400)
    serve(computer, "2026-03", 412)
    client.force_login(admin)
    return client


def rows_of(reply: Any) -> list[list[str]]:
    return list(csv.reader(reply.content.decode("utf-8-sig").splitlines()))


def test_at_first_it_shows_six_months(staff: Client) -> None:
    page = staff.get("/manage/computers/report/")
    assert 'value="2025-10-01"' in page.content.decode()
    assert "Organisations 1 1 0 412 3 3 8.4" in text(page)


def test_by_kind_nobody_is_named(staff: Client) -> None:
    body = staff.get("/manage/computers/report/").content.decode()
    assert "HYPERLINK" not in body
    assert "Secreta" not in body


def test_by_organisation_it_is_for_staff_only_and_says_so(staff: Client) -> None:
    page = text(staff.get(f"/manage/computers/report/?{MARCH}&by=organisation"))
    assert f"{ORGANISATION} 1 1 0 412 3 3 8.4" in page
    assert "For staff only" in page
    assert "Secreta" not in page


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("since=x", "Choose a day."),
        ("until=", "Choose a day."),
        ("since=0001-01-01", "Choose a day of this century."),
        ("until=9999-12-31", "Choose a day of this century."),
        ("since=2026-03-02&until=2026-03-01", "This day is before the first."),
        ("by=x", "Choose one of these."),
    ],
)
def test_a_choice_that_cannot_be_is_told_at_its_field(staff: Client, choice: str, words: str) -> None:
    page = staff.get(f"/manage/computers/report/?{choice}")
    assert page.status_code == 400
    assert words in text(page)
    for name in ("pdf", "csv"):
        back = staff.get(f"/manage/computers/report/report.{name}?{choice}", follow=True)
        assert words in text(back)


def test_in_a_spreadsheet_a_name_is_no_formula(staff: Client) -> None:
    rows = rows_of(staff.get(f"/manage/computers/report/report.csv?{MARCH}&by=organisation"))
    assert rows == [
        ["Given by", "Received", "In service", "Retired", "Hours", "Machines", "People", "kg"],
        [f"'{ORGANISATION}", "1", "1", "0", "412", "3", "3", "8.4"],
        ["All given computers", "1", "1", "0", "412", "3", "3", "8.4"],
    ]


def test_the_pdf_has_the_same_numbers_and_says_for_whom_it_is(staff: Client) -> None:
    reply = staff.get(f"/manage/computers/report/report.pdf?{MARCH}&by=organisation")
    page = " ".join(pages(reply.content))
    assert "no-store" in reply["Cache-Control"]
    for said in ("Łódź & <b>", "412", "8.4", "For staff only", "All given computers"):
        assert said in page


def test_the_pdf_of_many_organisations_goes_on_with_its_head(staff: Client, admin: User) -> None:
    for n in range(45):
        stepped(
            offered(donor=donor_of(f"a{n}@example.org", organisation=f"School {n:02}")).computers.get(),
            "accept",
            "receive",
            by=admin,
        )
    found = pages(staff.get(f"/manage/computers/report/report.pdf?{MARCH}&by=organisation").content)
    assert len(found) > 1
    assert all("Given by" in page for page in found[:2])


def test_it_speaks_its_readers_language(staff: Client) -> None:
    with override("es"):
        page = " ".join(pages(report_pdf.printed(report(last_six_months(date(2026, 3, 31)), By.KIND))))
    for said in ("Computadoras donadas", "Jubiladas", "Del 1 oct 2025 al 31 mar 2026", "8,4"):
        assert said in page


def test_without_a_font_the_page_says_why_nothing_is_printed(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_args: Any) -> bytes:
        raise FontsMissing("A font is missing.")

    monkeypatch.setattr(report_pdf, "printed", missing)
    page = staff.get("/manage/computers/report/report.pdf")
    assert page.status_code == 503
    assert "A font is missing." in text(page)


def test_without_anything_it_says_zeros(client: Client, admin: User) -> None:
    client.force_login(admin)
    assert "All given computers 0 0 0 0 0 0 0" in text(client.get("/manage/computers/report/"))

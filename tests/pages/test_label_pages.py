"""The desk's labels: for one computer, for an offer, for those that are ticked; and what this browser's printer needs."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from nodes.models import Computer
from nodes.printing import labels
from tests.nodes.donated import make_computer, offered, stepped
from tests.nodes.printing.printed import codes, pages
from tests.pages.desk_pages import office as office
from tests.pages.desk_pages import page_of, text

pytestmark = pytest.mark.django_db
PRINT = "/manage/computers/labels/print/"


def printed(client: Client, *computers: Computer, **more: Any) -> Any:
    return client.get(PRINT, {"computer": [row.pk for row in computers], "paper": "roll", **more})


def test_a_computer_that_has_come_offers_its_labels(office: Client, admin: User) -> None:
    computer = stepped(make_computer("accepted"), "receive", by=admin)
    assert f'href="/manage/computers/labels/?computer={computer.pk}"' in office.get(page_of(computer)).content.decode()
    page = text(office.get(f"/manage/computers/labels/?computer={computer.pk}"))
    assert "3 labels for 1 computer, each to its place: Case, Inside, Disk." in page


def test_one_that_is_only_offered_has_none(office: Client) -> None:
    assert "Print its labels" not in text(office.get(page_of(make_computer("offered"))))


def test_the_ticked_ones_are_printed(office: Client) -> None:
    one, two, _other = (make_computer("received") for _ in range(3))
    assert f'name="computer" value="{one.pk}"' in office.get("/manage/computers/").content.decode()
    reply = printed(office, one, two)
    assert (reply["Content-Type"], len(pages(reply.content))) == ("application/pdf", 6)
    assert reply["Content-Disposition"] == f'inline; filename="labels-{one.number}-and-1-more.pdf"'
    assert reply["Cache-Control"].startswith("private, no-store")


def test_of_an_offer_those_that_come_are_printed(office: Client, admin: User) -> None:
    donation = offered("One", "Two", "Three")
    first, second, third = donation.computers.all()
    (
        stepped(first, "accept", "receive", by=admin),
        stepped(second, "accept", by=admin),
        stepped(third, "decline", by=admin),
    )
    page = office.get(f"/manage/computers/labels/?donation={donation.pk}").content.decode()
    assert [row.number in page for row in (first, second, third)] == [True, True, False]
    assert (
        f'href="/manage/computers/labels/?donation={donation.pk}"'
        in office.get(f"/manage/donations/{donation.pk}/").content.decode()
    )


@pytest.mark.parametrize("query", ["", "?computer=x", "?computer=999999", "?computer=99999999999999999999"])
def test_without_a_computer_one_reads_what_to_tick(office: Client, query: str) -> None:
    assert "Tick the computers whose labels you want." in text(
        office.get(f"/manage/computers/labels/{query}", follow=True)
    )


def test_an_offer_of_which_nothing_was_accepted_has_nothing_to_label(office: Client) -> None:
    reply = office.get(f"/manage/computers/labels/?donation={offered().pk}", follow=True)
    assert "No computer of this offer has been accepted yet" in text(reply)


def test_more_than_go_into_one_file_are_refused(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.views import label_pages

    monkeypatch.setattr(label_pages, "MOST_COMPUTERS", 1)
    reply = office.get(
        PRINT, {"computer": [make_computer("received").pk for _ in range(2)], "paper": "roll"}, follow=True
    )
    assert "At most 240 labels at a time, those of 1 computers. Print them in parts." in text(reply)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"paper": "x"}, "Choose one of these."),
        ({"begin": "25"}, "up to 24"),
        ({"begin": "0"}, "from 1 on"),
        ({"right": "16"}, "up to 15"),
        ({"down": "far"}, "Enter a number."),
    ],
)
def test_what_cannot_be_printed_is_said_at_its_field(office: Client, typed: dict[str, str], said: str) -> None:
    reply = printed(office, make_computer("received"), **typed)
    assert (reply.status_code, said in text(reply)) == (400, True)


def test_a_sheet_begins_where_one_says_and_is_moved_with_comma_or_point(office: Client) -> None:
    computer = make_computer("received")
    reply = printed(office, computer, paper="sheet", begin="24", right="1,5", down="-2.5 mm")
    assert [len(codes(reply.content, page)) for page in (0, 1)] == [1, 2]
    assert reply.content != printed(office, computer, paper="sheet", begin="24").content


def test_the_browser_remembers_its_printer(office: Client) -> None:
    computer = make_computer("received")
    printed(office, computer, right="1,5", begin="7")
    page = office.get(f"/manage/computers/labels/?computer={computer.pk}").content.decode()
    assert '<option value="roll" selected>' in page
    assert 'value="1.5"' in page
    assert 'name="begin" value="1"' in page  # not 7: the sheet is another one


@pytest.mark.parametrize("kept", ["", "x", "roll 1000 0", 'sheet "><script> 0', "sheet 1 2 3 4"])
def test_what_somebody_else_left_in_the_cookie_counts_for_nothing(office: Client, kept: str) -> None:
    office.cookies["labels"] = kept
    reply = office.get(f"/manage/computers/labels/?computer={make_computer('received').pk}")
    assert (reply.status_code, b"<script> 0" in reply.content, b'value="1000"' in reply.content) == (200, False, False)


def test_a_missing_font_is_said_on_the_page(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from nodes.printing import fonts

    def missing() -> None:
        raise fonts.FontsMissing("Nothing can be printed here just now")

    monkeypatch.setattr(labels.fonts, "register", missing)
    reply = printed(office, make_computer("received"))
    assert (reply.status_code, "Nothing can be printed here just now" in text(reply)) == (503, True)

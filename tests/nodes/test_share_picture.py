"""The picture that a donor shares: what stands on it, and how long its address leads there."""

from io import BytesIO

import pytest
from PIL import Image

from accounts.donors import donor_rows
from accounts.models import Donor, SharePicture
from nodes.models import ServedMonth
from nodes.sharing import share_drawing, share_picture
from nodes.sharing.share_picture import Shown
from nodes.thanks import wall
from tests.nodes.donated import make_computer
from tests.nodes.hypervisors.seen import START, make_node

NUMBERS = Shown(3, 1204, 31, "", "en")


@pytest.fixture
def donor(db: None) -> Donor:
    return make_computer("in_service").donation.donor


def made(donor: Donor, *, with_words: bool = False) -> SharePicture:
    return share_picture.make(donor=donor, with_words=with_words, language="en")


def test_it_is_a_png_of_the_size_that_other_sites_show() -> None:
    picture = Image.open(BytesIO(share_drawing.png(NUMBERS)))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))


@pytest.mark.parametrize(
    "other", [Shown(3, 1205, 31, "", "en"), Shown(3, 1204, 31, "", "es"), Shown(3, 1204, 31, "A", "en")]
)
def test_other_facts_are_another_picture(other: Shown) -> None:
    assert share_drawing.png(other) != share_drawing.png(NUMBERS)


def test_nothing_is_said_to_be_at_work_that_served_no_hour() -> None:
    assert (NUMBERS.title, Shown(3, 0, 0, "", "en").title) == ("Given, and at work", "Given to learn with")


def test_the_numbers_are_those_of_now(donor: Donor) -> None:
    row = made(donor)
    ServedMonth.objects.create(
        node=make_node(), computer=donor.donations.get().computers.get(), month=START, seconds=7200
    )
    assert share_picture.shown(row) == Shown(1, 2, 0, "", "en")


def test_words_stand_there_as_long_as_they_stand_on_the_wall(donor: Donor) -> None:
    wall.stand(donor=donor, text="A school")
    assert share_picture.shown(made(donor)).words == ""  # nobody asked for them
    row = made(donor, with_words=True)
    assert share_picture.shown(row).words == "A school"
    wall.leave(donor=donor)
    assert share_picture.shown(row).words == ""


def test_a_new_address_ends_the_one_before(donor: Donor) -> None:
    first, second = made(donor), made(donor)
    assert first.key != second.key
    assert (share_picture.find(first.key), share_picture.find(second.key)) == (None, second)


def test_there_is_none_before_something_came(db: None) -> None:
    with pytest.raises(share_picture.NothingToShow):
        made(make_computer("accepted").donation.donor)


def test_erasing_the_donor_ends_it(donor: Donor) -> None:
    row = made(donor)
    donor_rows.erase(donor)
    assert share_picture.find(row.key) is None


@pytest.mark.parametrize(
    ("text", "is_drawn"),
    [("Łukasz & Ñandú, 6.º", True), ("Nguyễn “Thị” – Bích… €", True), ("أصدقاء", False), ("学校", False), ("❤️", False)],
)
def test_letters_that_the_font_lacks_are_known(text: str, is_drawn: bool) -> None:
    assert share_drawing.can_draw(text) == is_drawn

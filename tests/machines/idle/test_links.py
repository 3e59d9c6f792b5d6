"""Links in mails: made by us alone, for one answer of one question."""

from datetime import timedelta

import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from accounts.models import User
from machines.idle import links
from tests.machines.idle.asked import asked, visited

pytestmark = pytest.mark.django_db


def test_a_link_is_read_as_it_was_made(student: User) -> None:
    ask = asked(visited(student))
    assert links.read(links.token(ask, "more")) == (ask, "more")


def test_a_link_has_the_portals_own_address(student: User, settings: object) -> None:
    settings.PORTAL_URL = "https://labs.example.org"  # type: ignore[attr-defined]
    address = links.address(asked(visited(student)), "sleep")
    assert address.startswith("https://labs.example.org/asks/")


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t.replace("more", "done"), lambda t: f"9{t}", lambda t: "x"]
)
def test_a_link_that_was_changed_is_not_one_of_ours(student: User, change: object) -> None:
    token = links.token(asked(visited(student)), "more")
    with pytest.raises(links.BadLink):
        links.read(change(token))  # type: ignore[operator]


def test_what_we_sign_for_something_else_is_no_link(student: User) -> None:
    ask = asked(visited(student))
    with pytest.raises(links.BadLink):
        links.read(signing.TimestampSigner(salt="other", sep=".").sign(f"{ask.pk}-more"))


def test_a_link_of_last_year_is_too_old(student: User) -> None:
    token = links.token(asked(visited(student)), "more")
    with time_machine.travel(timezone.now() + timedelta(days=31)), pytest.raises(links.OldLink):
        links.read(token)


def test_a_link_of_a_machine_that_is_gone_says_so(student: User) -> None:
    ask = asked(visited(student))
    token = links.token(ask, "more")
    ask.delete()
    with pytest.raises(links.BadLink, match="is gone"):
        links.read(token)


def test_links_of_two_questions_differ(student: User) -> None:
    one, other = asked(visited(student)), asked(visited(student, name="two"))
    assert links.token(one, "more").rpartition(".")[2] != links.token(other, "more").rpartition(".")[2]


def test_whose_account_is_deactivated_answers_nothing_by_link(student: User) -> None:
    token = links.token(asked(visited(student)), "more")
    User.objects.filter(pk=student.pk).update(is_active=False)
    with pytest.raises(links.OldLink, match="deactivated"):
        links.read(token)

"""Pages of an organisation's team: the donor's, the members', and the one to which an invitation leads."""

import pytest
from django.test import Client

from accounts.donors import donor_links
from accounts.models import Donor, TeamInvitation, TeamMember, User
from nodes.models import Computer
from nodes.teams import team
from tests.nodes.donated import donor_of, make_computer, offered
from tests.nodes.test_team import token
from tests.pages.desk_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> Donor:
    return make_computer("in_service").donation.donor


def link(donor: Donor) -> str:
    return f"/given/{donor_links.token(donor)}/team/"


def test_a_donor_invites_and_takes_it_back_by_their_link(client: Client, school: Donor) -> None:
    url = link(school)
    assert "You alone see" in text(client.get(url))
    assert client.post(url, {"invite": "1", "email": "ana@example.org"}).status_code == 302
    assert "ana@example.org" in text(client.get(url))
    client.post(url, {"withdraw": str(TeamInvitation.objects.get().pk)})
    assert not TeamInvitation.objects.exists()


def test_a_donor_removes_a_member(client: Client, school: Donor, student: User, student2: User) -> None:
    rows = [TeamMember.objects.create(donor=school, user=person) for person in (student, student2)]
    client.post(link(school), {"remove": str(rows[0].pk)})
    assert list(TeamMember.objects.all()) == [rows[1]]


def test_nobody_removes_from_the_team_of_another(client: Client, school: Donor, student: User) -> None:
    row = TeamMember.objects.create(donor=school, user=student)
    other = make_computer("in_service", donor=donor_of("other@example.org")).donation.donor
    client.post(link(other), {"remove": str(row.pk)})
    assert TeamMember.objects.get() == row


@pytest.mark.parametrize("email", ["", "x", "a\u202eb@example.org"])
def test_a_wrong_address_is_said_at_the_field(client: Client, school: Donor, email: str) -> None:
    reply = client.post(link(school), {"invite": "1", "email": email})
    assert (reply.status_code, "errorlist" in reply.content.decode()) == (400, True)


@pytest.mark.parametrize("number", ["", "x", "-1", "²", "9" * 30])
def test_odd_numbers_take_nobody_away(client: Client, school: Donor, student: User, number: str) -> None:
    TeamMember.objects.create(donor=school, user=student)
    assert client.post(link(school), {"remove": number}).status_code == 302
    assert TeamMember.objects.count() == 1


def test_a_person_who_gives_alone_has_no_team(client: Client) -> None:
    donor = make_computer("in_service", donor=donor_of(organisation="")).donation.donor
    assert client.get(link(donor)).status_code == 404


def test_whoever_is_invited_signs_in_joins_and_sees_what_was_given(
    client: Client, school: Donor, student: User
) -> None:
    row = team.invite(donor=school, email="ana@example.org", address="")
    url = f"/team/join/{token(row)}/"
    assert "/accounts/login/?next=" in client.get(url).content.decode()
    client.post(url)  # nobody yet
    client.force_login(student)
    assert "Join as student" in text(client.get(url))
    assert not TeamMember.objects.exists()  # looking joins nothing
    page = text(client.post(url, follow=True))
    assert school.donations.get().computers.get().number in page
    assert client.post(url).status_code == 404


def test_a_member_sees_no_words_photos_papers_or_address(client: Client, school: Donor, student: User) -> None:
    TeamMember.objects.create(donor=school, user=student)
    offered(donor=school, message="Behind the blue door")
    client.force_login(student)
    page = client.get(f"/team/{school.pk}/").content.decode()
    assert not any(words in page for words in ("blue door", "lucia@", "Lucía", "receipts", "certificates", "/photos/"))


def test_a_member_leaves(client: Client, school: Donor, student: User) -> None:
    TeamMember.objects.create(donor=school, user=student)
    client.force_login(student)
    assert f"/team/{school.pk}/" in client.get("/account/").content.decode()
    client.post(f"/team/{school.pk}/leave/")
    assert client.get(f"/team/{school.pk}/").status_code == 404


def test_others_find_no_team(client: Client, school: Donor, student2: User) -> None:
    client.force_login(student2)
    assert client.get(f"/team/{school.pk}/").status_code == 404
    assert client.post(f"/team/{school.pk}/leave/").status_code == 404


def test_an_invitation_is_taken_back_also_after_the_computer_left(client: Client, school: Donor) -> None:
    row, url = team.invite(donor=school, email="ana@example.org", address=""), link(school)
    Computer.objects.update(state="accepted")  # its receipt was taken back
    assert "ana@example.org" in text(client.get(url))
    reply = client.post(url, {"withdraw": str(row.pk)}, follow=True)
    assert (reply.status_code, TeamInvitation.objects.count()) == (200, 0)

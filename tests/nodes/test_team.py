"""An organisation's team: invitations that work once, members who see, and who may invite."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import person_actions
from accounts.donors import donor_rows
from accounts.limits import TooManyFailures
from accounts.models import Donor, TeamInvitation, TeamMember, User
from nodes.teams import team, team_mails
from portal import access
from tests.nodes.donated import donor_of, mailed, make_computer

pytestmark = pytest.mark.django_db


@pytest.fixture
def school() -> Donor:
    return make_computer("in_service").donation.donor


def invite(donor: Donor, email: str = "ana@example.org") -> str:
    """Invite somebody. Return the text of the link."""
    return token(team.invite(donor=donor, email=email, address=""))


def token(row: TeamInvitation) -> str:
    return team_mails.link_of(row).rstrip("/").rpartition("/")[2]


def test_an_invitation_is_mailed_and_works_once(school: Donor, student: User, student2: User) -> None:
    text = invite(school)
    mailed()
    assert mail.outbox[-1].to == ["ana@example.org"]
    assert "/team/join/" in str(mail.outbox[-1].body)
    assert team.join(text=text, user=student) == school
    assert not TeamInvitation.objects.exists()  # with the address
    with pytest.raises(team.BadLink):
        team.join(text=text, user=student2)
    assert [row.user for row in TeamMember.objects.all()] == [student]


def test_an_invitation_that_was_taken_back_does_nothing(school: Donor, student: User) -> None:
    text = invite(school)
    assert team.withdraw(donor=school, invitation=TeamInvitation.objects.get().pk)
    before = len(mail.outbox)
    mailed()
    assert not any("/team/join/" in str(sent.body) for sent in mail.outbox[before:])
    with pytest.raises(team.BadLink):
        team.join(text=text, user=student)


def test_an_invitation_ends_and_its_address_with_it(school: Donor, student: User) -> None:
    text = invite(school)
    TeamInvitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(team.BadLink):
        team.join(text=text, user=student)
    team.forget()
    assert not TeamInvitation.objects.exists()


def test_inviting_again_ends_the_link_before(school: Donor, student: User) -> None:
    first, second = invite(school), invite(school, "ANA@example.org")
    with pytest.raises(team.BadLink):
        team.join(text=first, user=student)
    team.join(text=second, user=student)
    assert TeamMember.objects.count() == 1


@pytest.mark.parametrize("facts", [{"organisation": ""}, {}])
def test_a_team_is_for_organisations_of_whom_something_came(facts: dict[str, str]) -> None:
    donor = make_computer("in_service" if facts else "accepted", donor=donor_of(**facts)).donation.donor
    with pytest.raises(team.NoTeam):
        invite(donor)
    assert not TeamInvitation.objects.exists()


@pytest.mark.parametrize("email", ["", "no address", "a@b", "x" * 250 + "@example.org"])
def test_a_wrong_address_is_refused(school: Donor, email: str) -> None:
    with pytest.raises((team.BadInvitation, person_actions.BadPerson)):
        invite(school, email)


def test_invitations_have_a_rate(school: Donor) -> None:
    for n in range(team.AN_HOUR):
        invite(school, f"p{n}@example.org")
    with pytest.raises(TooManyFailures):
        invite(school, "one.more@example.org")
    assert TeamInvitation.objects.count() == team.AN_HOUR


def test_a_team_has_an_end(school: Donor, monkeypatch: Any) -> None:
    monkeypatch.setattr(team, "MOST", 1)
    invite(school)
    with pytest.raises(team.BadInvitation, match="at most"):
        invite(school, "b@example.org")


def test_whose_organisation_it_is_joins_no_team_of_it(school: Donor, student: User) -> None:
    donor_rows.tie(donor=school, user=student)
    with pytest.raises(team.BadInvitation, match="your own"):
        team.join(text=invite(school), user=student)
    assert TeamInvitation.objects.count() == 1


def test_a_member_sees_and_changes_nothing(school: Donor, student: User, student2: User) -> None:
    TeamMember.objects.create(donor=school, user=student)
    assert list(access.visible(student, Donor)) == [school]
    assert not access.visible(student2, Donor).exists()
    donation = school.donations.get()
    verbs = [(school, "invite"), (school, "remove"), (donation, "see"), (donation, "confirm"), (donation, "add_photo")]
    assert not any(access.may(student, verb, thing) for thing, verb in verbs)


def test_a_blocked_member_sees_nothing(school: Donor, student: User) -> None:
    TeamMember.objects.create(donor=school, user=student)
    student = person_actions.block(person=student, by=None)
    assert not access.visible(student, Donor).exists()


def test_erasing_the_donor_or_the_member_ends_it(school: Donor, student: User) -> None:
    TeamMember.objects.create(donor=school, user=student)
    invite(school)
    person_actions.remove(person=student, by=None)
    assert not TeamMember.objects.exists()
    donor_rows.erase(school)
    assert not TeamInvitation.objects.exists()
    with pytest.raises(team.NoTeam, match="erased"):
        invite(school)


@pytest.mark.parametrize("end", [person_actions.remove, person_actions.block])
def test_who_was_removed_or_blocked_meanwhile_does_not_join(school: Donor, student: User, end: Any) -> None:
    text, still_signed_in = invite(school), User.objects.get(pk=student.pk)
    end(person=student, by=None)
    with pytest.raises(team.BadInvitation, match="ended"):
        team.join(text=text, user=still_signed_in)
    assert (TeamMember.objects.count(), TeamInvitation.objects.count()) == (0, 1)


def test_a_member_who_takes_the_organisation_over_is_a_member_no_longer(school: Donor, student: User) -> None:
    TeamMember.objects.create(donor=school, user=student)
    donor_rows.tie(donor=school, user=student)
    assert not TeamMember.objects.exists()

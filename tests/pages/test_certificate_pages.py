"""Readers of a certificate, and what anybody learns who checks its number."""

from typing import Any

import pytest
from django.test import Client

from accounts import limits
from accounts.donors import donor_limits, donor_links
from accounts.models import User
from nodes.models import WipeCertificate
from nodes.wiping import certificates
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.printing.printed import pages
from tests.nodes.wiping.wiped import certified
from tests.pages.desk_pages import page_of, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(student: User, admin: User) -> WipeCertificate:
    """A certificate of a computer of the student's."""
    return certified(admin, make_computer("wiped", donor=donor_of(user=student)))


def check(row: WipeCertificate) -> str:
    return f"/w/{row.number}/"


def paper(row: WipeCertificate) -> str:
    return f"/donating/certificates/{row.pk}/"


def is_paper(reply: Any, row: WipeCertificate) -> bool:
    return reply.status_code == 200 and row.number in pages(reply.content)[0]


def test_the_donor_gets_it_by_their_link(client: Client, row: WipeCertificate) -> None:
    link = f"/given/{donor_links.token(row.computer.donation.donor)}/"
    assert f'href="{link}certificates/{row.pk}/"' in client.get(link).content.decode()
    reply = client.get(f"{link}certificates/{row.pk}/")
    assert is_paper(reply, row)
    assert reply["Content-Disposition"] == f'attachment; filename="certificate-{row.number}.pdf"'


def test_another_donors_link_finds_nothing(client: Client, row: WipeCertificate) -> None:
    other = donor_links.token(donor_of("other@example.org"))
    assert client.get(f"/given/{other}/certificates/{row.pk}/").status_code == 404
    assert client.get(f"/given/x/certificates/{row.pk}/").status_code == 302


def test_the_donor_gets_it_signed_in(client: Client, student: User, row: WipeCertificate) -> None:
    client.force_login(student)
    assert f'href="{paper(row)}"' in client.get("/donating/").content.decode()
    assert is_paper(client.get(paper(row)), row)


def test_administrators_get_it_from_the_desk(client: Client, admin: User, row: WipeCertificate) -> None:
    client.force_login(admin)
    assert f'href="{paper(row)}"' in client.get(page_of(row.computer)).content.decode()
    assert is_paper(client.get(paper(row)), row)


def test_others_find_none(client: Client, student2: User, teacher: User, row: WipeCertificate) -> None:
    assert client.get(paper(row)).status_code == 302
    for person in (student2, teacher):
        client.force_login(person)
        assert client.get(paper(row)).status_code == 404


def test_one_that_was_withdrawn_is_no_longer_offered(
    client: Client, student: User, admin: User, row: WipeCertificate
) -> None:
    certificates.withdraw(certificate=row, by=admin, reason="x")
    client.force_login(student)
    assert row.number not in client.get("/donating/").content.decode()


# ---- whoever checks a number ----


def test_anybody_reads_that_it_holds_and_what_was_done(client: Client, row: WipeCertificate) -> None:
    reply = client.get(check(row))
    page = text(reply)
    for said in ("It is valid", row.number, row.computer.number, "Magnetic disk (HDD)", "Clear: Overwritten", "Passed"):
        assert said in page
    assert reply["X-Robots-Tag"] == "noindex, nofollow"
    assert b'name="robots" content="noindex"' in reply.content


def test_nobody_reads_a_serial_number_a_name_or_a_tool(client: Client, row: WipeCertificate, settings: Any) -> None:
    settings.INSTITUTION = "Universidad de Loja"
    page = client.get(check(row)).content.decode().partition("<main")[2]
    for said in (
        "8842",
        "4XK2P4J",
        "Łukasz",
        "Lucía",
        "Colegio",
        "admin",
        "nwipe",
        "OptiPlex",
        row.computer.donation.number,
    ):
        assert said not in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("wd wcav2m918842", "This serial number is on the certificate: number 1 above."),
        ("WD-WCAV2M918843", "This serial number is not on the certificate."),
        ("8842", "This serial number is not on the certificate."),
        ("", "Type the serial number"),
        ("-", "This serial number is not on the certificate."),
    ],
)
def test_whoever_knows_the_whole_serial_number_is_told_whether_it_is_on_it(
    client: Client, row: WipeCertificate, typed: str, said: str
) -> None:
    assert said in text(client.post(check(row), {"serial": typed}))


def test_one_that_was_withdrawn_says_so_and_not_why(client: Client, admin: User, row: WipeCertificate) -> None:
    certificates.withdraw(certificate=row, by=admin, reason="Gabriela mistyped it")
    page = text(client.get(check(row)))
    assert "It was withdrawn" in page
    assert "it no longer holds" in page
    assert "Gabriela" not in page


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("WPC-00012-3", "There is no certificate with this number."),
        ("WPC-00012-4", "check WPC-00012-?"),
        ("x", "looks like this: WPC-00012-3"),
    ],
)
def test_a_number_of_nobody_has_a_sentence(client: Client, typed: str, said: str) -> None:
    reply = client.get(f"/w/{typed}/")
    assert (reply.status_code, said in text(reply)) == (404, True)


def test_a_number_typed_another_way_leads_to_the_same_address(client: Client, row: WipeCertificate) -> None:
    assert client.get(f"/w/{row.number.lower().replace('-', '')}/")["Location"] == check(row)


@pytest.mark.parametrize("typed", ["WPC-{}", " wpc {} ", "{}"])
def test_a_typed_number_leads_to_its_certificate(client: Client, row: WipeCertificate, typed: str) -> None:
    number = typed.format(row.number.removeprefix("WPC-"))
    assert client.get("/w/", {"number": number})["Location"] == check(row)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("WPC-00012-4", "check WPC-00012-?"),
        ("MNG-00012-3", "looks like this: WPC-00012-3"),
        ("", "Type the number that stands on the paper."),
        ("x" * 200, "at most 150"),
    ],
)
def test_a_mistyped_number_is_told_at_its_field_and_stays(client: Client, db: None, typed: str, said: str) -> None:
    reply = client.get("/w/", {"number": typed})
    assert (reply.status_code, said in text(reply), typed in reply.content.decode()) == (400, True, True)


@pytest.mark.parametrize("path", ["/w/WPC-00012-4/", "/c/MNG-00012-3/", "/donate/"])
def test_public_pages_lead_to_where_a_number_is_typed(client: Client, db: None, path: str) -> None:
    assert 'href="/w/"' in client.get(path).content.decode()


def test_typing_numbers_is_counted_like_looking(
    client: Client, row: WipeCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donor_limits, "LOOKS", 2)
    client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    replies = [client.get("/w/", {"number": row.number}, follow=True).status_code for _time in range(3)]
    assert replies == [200, 200, 429]


def test_a_withdrawn_one_and_the_one_in_its_place_lead_to_each_other(
    client: Client, admin: User, row: WipeCertificate
) -> None:
    certificates.withdraw(certificate=row, by=admin, reason="A typing error")
    assert "Its disks are on another certificate" not in text(client.get(check(row)))
    row.computer.disk_wipes.filter(certificate=None).update(serial="CORRECTED")
    new = certificates.issue(computer=row.computer, by=admin)
    assert f'href="{check(new)}">{new.number}</a>' in client.get(check(row)).content.decode()
    assert f'href="{check(row)}">{row.number}</a>' in client.get(check(new)).content.decode()


def test_a_certificate_of_other_disks_of_the_computer_is_no_successor(
    client: Client, admin: User, row: WipeCertificate
) -> None:
    certificates.withdraw(certificate=row, by=admin, reason="It is lost", again=False)
    other = certified(admin, row.computer, serial="ANOTHER")
    assert other.number not in text(client.get(check(row)))
    assert row.number not in text(client.get(check(other)))


def test_who_counts_through_the_numbers_or_guesses_has_to_wait(
    client: Client, admin: User, row: WipeCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donor_limits, "LOOKS", 2)
    there: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.7"}
    replies = [client.get(check(row), **there), client.post(check(row), {"serial": "x"}, **there)]
    replies.append(client.post(check(row), {"serial": "y"}, **there))
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[-1]["Retry-After"].isdigit()
    client.force_login(admin)
    assert client.get(check(row), **there).status_code == 200


def test_who_is_signed_in_may_look_but_not_guess_for_ever(
    client: Client, student: User, row: WipeCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donor_limits, "LOOKS", 2)
    monkeypatch.setattr(limits, "FOR_A_PERSON", 0)
    client.force_login(student)
    there: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.8"}
    replies = [client.post(check(row), {"serial": serial}, **there) for serial in "xyz"]
    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert client.get(check(row), **there).status_code == 200


def test_a_serial_number_without_a_letter_or_digit_is_matched_by_nothing(client: Client, admin: User) -> None:
    row = certified(admin, serial="?")
    assert "This serial number is not on the certificate." in text(client.post(check(row), {"serial": "-"}))

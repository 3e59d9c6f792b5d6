"""The certificate on paper: its words, its code, and that it is one that no longer holds."""

from typing import Any

import pytest
from django.utils.translation import override

from accounts.donors import donor_rows
from accounts.models import User
from nodes.models import WipeCertificate
from nodes.printing import certificate_pdf
from nodes.wiping import certificates
from tests.nodes.donated import donor_of, make_computer
from tests.nodes.printing.printed import codes, pages
from tests.nodes.wiping.wiped import DESTROYED, FAILED, certified, wiped

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(admin: User, settings: Any) -> WipeCertificate:
    settings.INSTITUTION, settings.PORTAL_URL = "Universidad de Loja", "https://labs.example.org"
    donor = donor_of(name="Łukasz Gałązka", organisation="Ñandú & <b>Hijos</b>")
    return certified(admin, make_computer("received", donor=donor))


def words(row: WipeCertificate) -> str:
    return " ".join(pages(certificate_pdf.certificate(row)))


def test_it_says_who_did_what_to_which_disk(row: WipeCertificate) -> None:
    page = words(row)
    for said in (
        row.number, row.computer.number, "Dell OptiPlex 780", "4XK2P4J", "Łukasz Gałązka", "Ñandú & <b>Hijos</b>", "Universidad de Loja: admin",
        "WD-WCAV2M918842", "Magnetic disk (HDD), 320 GB", "Clear", "Overwritten", "nwipe 0.42", "All of it was read back", "Passed",
        "labs.example.org/w/WPC-",
    ):  # fmt: skip
        assert said in page


def test_it_is_in_the_readers_language_with_the_words_of_the_standard(row: WipeCertificate) -> None:
    with override("es"):
        page = words(row)
    assert "Certificado de discos borrados" in page
    assert "Limpieza (Clear)" in page


def test_its_code_leads_to_where_it_is_checked(row: WipeCertificate) -> None:
    [code] = codes(certificate_pdf.certificate(row))
    assert code.text == f"https://labs.example.org/w/{row.number}/"


def test_one_that_was_withdrawn_says_so(row: WipeCertificate, admin: User) -> None:
    assert "no longer holds" not in words(row)
    certificates.withdraw(certificate=row, by=admin, reason="A secret of staff")
    row.refresh_from_db()
    assert "this certificate no longer holds" in words(row)
    assert "A secret of staff" not in words(row)


def test_who_was_erased_is_not_named(row: WipeCertificate) -> None:
    donor_rows.erase(row.computer.donation.donor)
    assert "not named, as the donor wished" in words(WipeCertificate.objects.get())


def test_a_failed_disk_and_its_end_are_on_it(admin: User) -> None:
    computer = make_computer("received")
    for facts in (FAILED, DESTROYED):
        wiped(computer, admin, **facts)
    page = words(certificates.issue(computer=computer, by=admin))
    assert "Failed" in page
    assert "Destroyed" in page
    assert "the disk of this computer" in page  # one disk, with two records


def test_many_disks_flow_to_more_pages_and_none_is_lost(admin: User) -> None:
    computer = make_computer("received")
    for number in range(8):
        wiped(computer, admin, serial=f"SERIAL-{number}" + "W" * 50, validation="M" * 300)
    printed = pages(certificate_pdf.certificate(certificates.issue(computer=computer, by=admin)))
    assert len(printed) > 1
    assert all(f"SERIAL-{number}" in " ".join(printed) for number in range(8))

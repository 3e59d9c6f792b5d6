"""All that is kept of a donor: they see it, download it and erase it by a mail; administrators do it for them."""

import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.donors import donor_links, donor_rows
from accounts.models import AuditRow, Donor, Notice, User
from accounts.notices.mail import send_due
from nodes import actions, donor_actions
from nodes.files import file_store, photo_bytes, photos
from nodes.models import Donation, Photo, ServedMonth, StoredFile
from nodes.subscriptions import giving
from nodes.thanks import wall
from portal.presenters.donor_zip import zipped
from tests.nodes.conftest import Clock
from tests.nodes.conftest import clock as clock
from tests.nodes.donated import PC, donor_of, offered, stepped
from tests.nodes.files.pictures import picture
from tests.nodes.hypervisors.seen import make_node
from tests.nodes.subscribed import started
from tests.nodes.wiping.wiped import certified
from tests.pages.desk_pages import office as office
from tests.pages.desk_pages import text

pytestmark = pytest.mark.django_db
PICTURE = photo_bytes.read(picture())


@pytest.fixture
def donation() -> Donation:
    return offered(PC, PC, message="Behind the blue door")


def base(donation: Donation) -> str:
    return f"/given/{donor_links.token(donation.donor)}/data/"


def archive(reply: Any) -> ZipFile:
    async def read() -> bytes:
        return b"".join([part async for part in reply.streaming_content])

    found = ZipFile(BytesIO(async_to_sync(read)()))
    assert found.testzip() is None
    return found


def whole(reply: Any) -> str:
    """Return the text of a download."""
    return archive(reply).read("minga-donor.json").decode()


def mailed_link(client: Client, donation: Donation) -> str:
    """Ask for the link that erases, and return it from the mail."""
    assert client.post(base(donation)).status_code == 302
    send_due(timezone.now())
    found = re.search(r"/given/\S+/erase/", str(mail.outbox[-1].body))
    assert found
    return found[0]


def test_the_certificates_are_in_it_and_nobody_who_wiped(client: Client, donation: Donation, admin: User) -> None:
    donation.computers.update(state="received")
    row = certified(admin, donation.computers.earliest("pk"))
    page = whole(client.get(f"{base(donation)}download/"))
    shown = json.loads(page)["donations"][0]["computers"][0]["certificates"][0]
    assert (shown["number"], shown["disks"][0]["serial"]) == (row.number, "WD-WCAV2M918842")
    assert "Łukasz" not in page


def is_personal(donation: Donation) -> bool:
    """Say whether anything of the donor's is left in their rows."""
    donation.refresh_from_db()
    donor = Donor.objects.get()
    kept = f"{donor.name}{donor.organisation}{donor.email}{donation.message}{donation.confirm_note}"
    return any(word in kept for word in ("Luc", "Mej", "lucia", "blue"))


# ---- by the donor ----


def test_the_page_says_what_is_kept_and_what_stays(client: Client, donation: Donation) -> None:
    reply = client.get(base(donation))
    page = text(reply)
    for words in ("Lucía Paz", "Colegio Mejía", "lucia@example.org", "What stays: the computers", "Backups"):
        assert words in page
    assert (reply["Referrer-Policy"], reply["X-Robots-Tag"]) == ("same-origin", "noindex, nofollow")


def test_everything_can_be_downloaded(client: Client, donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", "receive", by=admin, grams=8200)
    stepped(donation.computers.all()[1], "accept", by=admin)
    actions.step(
        computers=donation.computers.all()[1:], name="decline", reason="enough", by=admin, note="smells of smoke"
    )
    reply = client.get(f"{base(donation)}download/")
    sent = whole(reply)
    kept = json.loads(sent)
    assert kept["donor"]["email"] == "lucia@example.org"
    assert kept["donations"][0]["message"] == "Behind the blue door"
    assert kept["donations"][0]["computers"][0]["grams"] == 8200
    assert "donation.offered" in {each["kind"] for each in kept["mails"]}
    assert not any(words in sent for words in ("smells of smoke", admin.username))  # of staff
    assert reply["Content-Disposition"].startswith("attachment")


def test_photos_of_the_donor_are_in_the_file_and_go_with_the_rest(
    client: Client, donation: Donation, admin: User, settings: Any, tmp_path: Any
) -> None:
    settings.FILES_DIR = str(tmp_path)
    theirs = photos.add_of_donor(PICTURE, donation)
    of_staff = photos.add_of_staff(PICTURE, donation.computers.all()[0], admin)
    found = archive(client.get(f"{base(donation)}download/"))
    [sent] = json.loads(found.read("minga-donor.json"))["donations"][0]["photos"]
    assert (found.read(sent["file"]), len(found.namelist())) == (PICTURE.jpeg, 2)
    donor_actions.erase(donor=donation.donor)
    assert list(Photo.objects.all()) == [of_staff]
    assert StoredFile.objects.get(pk=theirs.file_id).dropped_at is not None


def test_a_photo_that_files_dir_lacks_stops_no_download(
    client: Client, donation: Donation, settings: Any, tmp_path: Any
) -> None:
    settings.FILES_DIR = str(tmp_path)
    file_store.path_of(photos.add_of_donor(PICTURE, donation).file).unlink()
    found = archive(client.get(f"{base(donation)}download/"))
    assert found.namelist() == ["minga-donor.json"]
    assert json.loads(found.read("minga-donor.json"))["donations"][0]["photos"][0]["file"] == ""


def test_a_download_holds_a_part_of_one_photo_at_a_time(
    donation: Donation, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FILES_DIR = str(tmp_path)
    monkeypatch.setattr("portal.presenters.donor_zip.CHUNK", 1000)
    for shade in range(3):
        photos.add_of_donor(photo_bytes.read(picture((400, 300 + shade))), donation)
    assert max(len(part) for part in zipped(donation.donor)) < 2000


def test_photos_go_with_a_donor_whose_account_was_removed(
    donation: Donation, student: User, settings: Any, tmp_path: Any
) -> None:
    settings.FILES_DIR = str(tmp_path)
    photos.add_of_donor(PICTURE, donation)
    donor_rows.erase(donation.donor)
    donor_actions.follow_erased()
    assert not Photo.objects.exists()


def test_many_donations_are_all_in_the_file(client: Client, donation: Donation, monkeypatch: Any) -> None:
    monkeypatch.setattr("portal.presenters.donor_data.AT_ONCE", 2)
    others = [offered(PC, donor=donation.donor) for _n in range(4)]
    offered(PC, donor=donor_of("other@example.org", name="Other Person"))
    kept = json.loads(whole(client.get(f"{base(donation)}download/")))
    assert [each["number"] for each in kept["donations"]] == [each.number for each in (donation, *others)]


def test_subscriptions_and_what_computers_did_are_in_the_file(
    client: Client, student: User, admin: User, clock: Clock
) -> None:
    row = started(student, admin, clock)
    code = giving.give(subscription=row, by=student, days=5)
    ServedMonth.objects.create(node=make_node(), computer=row.entitlement.computer, month="2026-03-01", seconds=7200)
    wall.stand(donor=row.donor, text="A school")
    sent = whole(client.get(f"/given/{donor_links.token(row.donor)}/data/download/"))
    kept = json.loads(sent)
    [subscription] = kept["subscriptions"]
    assert [(each["kind"], each["days"]) for each in subscription["entries"]] == [("granted", 365), ("given", -5)]
    assert subscription["codes"][0]["days"] == 5
    assert code.code not in sent
    assert kept["donations"][0]["computers"][0]["work"]["seconds_by_month"] == [
        {"month": "2026-03-01", "seconds": 7200}
    ]
    assert kept["wall_of_thanks"][0]["text"] == "A school"


def test_the_link_to_the_page_alone_erases_nothing(client: Client, donation: Donation) -> None:
    page = base(donation)
    client.post(page)
    text_of_page = page.split("/")[2]
    assert client.post(f"/given/{text_of_page}/erase/").status_code == 404
    assert is_personal(donation)
    send_due(timezone.now())
    assert mail.outbox[-1].to == ["lucia@example.org"]


def test_the_mailed_link_erases_once(client: Client, donation: Donation, admin: User) -> None:
    stepped(donation.computers.all()[0], "accept", by=admin)
    page, erase = base(donation), mailed_link(client, donation)
    assert "Erase what is kept of you?" in text(client.get(erase))
    assert is_personal(donation)  # looking erases nothing
    assert "Everything is erased" in text(client.post(erase))
    assert not is_personal(donation)
    assert sorted(donation.computers.values_list("state", flat=True)) == ["accepted", "offered"]
    assert not Notice.objects.exists()
    assert (client.post(erase).status_code, client.get(page).status_code) == (404, 404)


def test_a_link_that_erases_lives_for_a_day(client: Client, donation: Donation, monkeypatch: Any) -> None:
    erase = mailed_link(client, donation)
    monkeypatch.setattr(donor_links, "ERASURE_LIFE", timedelta(seconds=-1))
    assert client.post(erase).status_code == 404
    assert is_personal(donation)


def test_the_link_that_erases_opens_no_page(client: Client, donation: Donation) -> None:
    erase = mailed_link(client, donation)
    assert client.get(erase.replace("/erase/", "/")).status_code == 404
    assert client.get(erase.replace("/erase/", "/data/download/")).status_code == 404


def test_what_an_account_has_is_not_erased_by_a_link(client: Client, donation: Donation, student: User) -> None:
    erase = mailed_link(client, donation)
    donor_rows.tie(donor=donation.donor, user=student)
    assert client.post(erase).status_code == 409
    assert client.post(base(donation)).status_code == 409
    assert "signs in and erases it there" in text(client.get(base(donation)))
    assert is_personal(donation)


def test_mails_that_erase_are_limited(client: Client, donation: Donation) -> None:
    replies = [client.post(base(donation)) for _n in range(6)]
    assert (replies[-1].status_code, "Too many mails" in text(replies[-1])) == (429, True)
    assert replies[-1]["Retry-After"]


def test_a_forged_press_erases_nothing(client: Client, donation: Donation) -> None:
    erase = mailed_link(client, donation)
    assert Client(enforce_csrf_checks=True).post(erase).status_code == 403
    assert is_personal(donation)


def test_the_mail_speaks_the_donor_s_language(client: Client, donation: Donation) -> None:
    Donor.objects.update(language="es")
    mailed_link(client, donation)
    assert mail.outbox[-1].subject == "¿Borrar lo que guardamos de ti?"


# ---- by administrators, for them ----


def test_an_administrator_erases_and_that_is_in_the_log_without_a_name(
    office: Client, donation: Donation, admin: User
) -> None:
    here = f"/manage/donations/{donation.pk}/donor/"
    assert "lucia@example.org" in text(office.get(here))
    assert "Erased. What was given stays" in text(office.post(here, follow=True))
    assert not is_personal(donation)
    [row] = AuditRow.objects.filter(verb="erase_donor")
    assert (row.who, row.name) == (admin, donation.number)
    assert "Erased, as the donor wished" in text(office.post(here))


def test_an_administrator_downloads_and_that_is_in_the_log(office: Client, donation: Donation) -> None:
    reply = office.get(f"/manage/donations/{donation.pk}/donor/download/")
    assert json.loads(whole(reply))["donor"]["name"] == "Lucía Paz"
    assert AuditRow.objects.filter(verb="download_donor", name=donation.number).count() == 1


def test_a_donor_with_an_account_is_not_erased_at_the_desk(office: Client, donation: Donation, student: User) -> None:
    donor_rows.tie(donor=donation.donor, user=student)
    assert office.post(f"/manage/donations/{donation.pk}/donor/").status_code == 409
    assert is_personal(donation)


def test_the_same_address_offers_again_as_somebody_new(donation: Donation) -> None:
    donor_actions.erase(donor=donation.donor)
    assert donor_of().pk != donation.donor_id

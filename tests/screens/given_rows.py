"""Rows of what people gave: computers in several states, certificates, teams, a wall of thanks, shared pictures."""

from django.utils import timezone

from accounts.donors import donor_links
from accounts.models import Donor, User
from nodes import actions as ledger
from nodes.files import photo_bytes, photos
from nodes.intake import machine_facts, measurements
from nodes.models import Computer, WipeCertificate
from nodes.sharing import share_picture
from nodes.teams import team, team_mails
from nodes.thanks import wall
from nodes.wiping import certificates as certifying
from tests.nodes.donated import OLD, PC, donor_of, make_computer, offered, stepped
from tests.nodes.files.pictures import picture
from tests.nodes.intake import recorded
from tests.nodes.wiping.wiped import FAILED, certified, wiped


def given(admin: User) -> dict[str, list[tuple[str, str]]]:
    """Offer computers, and take them to several states. Return the ids of computers and donations."""
    two = offered("Dell OptiPlex 780", "HP Compaq 6000", message="In the store on the second floor.")
    here = make_computer("accepted", model="Lenovo ThinkCentre M71z")
    ledger.step(computers=[here], name="receive", by=admin, grams=8400, note="Its fan is loud.")
    of_staff = photos.add_of_staff(_photo(), here, admin)
    photos.add_of_donor(_photo(900, 1200), two)
    undone = make_computer("accepted")
    ledger.undo(batch=ledger.step(computers=[undone], name="receive", by=admin), by=admin)
    disks, certificates = _wiped(here, admin)
    _measured(here)
    rows = {"offered": two.computers.earliest("pk"), "received": here, "undone": undone}
    rows |= {state: make_computer(state) for state in ("waiting", "in_service", "recycled")}
    computers = [(state, str(row.pk)) for state, row in rows.items()]
    public = [(state, rows[state].number) for state in ("in_service", "offered")]
    donor = here.donation.donor
    return {
        "thanks": [("words", str(wall.stand(donor=donor, text="Colegio Mejía").pk))],
        "team": _team(donor),
        "join": [("open", _invited(donor))],
        "shared": [("with numbers", share_picture.make(donor=donor, with_words=True, language="es").key)],
        "c": [*public, ("wrong digit", "MNG-00127-5")],
        "w": [*certificates, ("wrong digit", "WPC-00012-4")],
        "disks": disks,
        "certificates": [("valid", str(WipeCertificate.objects.latest("pk").pk))],
        "receipts": [("too early", str(two.pk))],
        "computers": computers,
        "photos": [("of staff", str(of_staff.pk))],
        "donations": [("offered", str(two.pk)), ("received", str(here.donation_id))],
    }


def _measured(computer: Computer) -> None:
    """Measure a computer, whose disk is not for machines' disks."""
    disk = {**recorded.facts()["disks"][0], "reallocated": 8, "pending": 2}
    found = machine_facts.read(recorded.facts(disks=[disk], ram_installed_mb=None, not_read=["smart"]))
    measurements.write(computer, found, at=timezone.now())


def _team(donor: Donor) -> list[tuple[str, str]]:
    """Let the student see what a donor gave."""
    donor.team.create(user=User.objects.get(username="student"))
    return [("of a school", str(donor.pk))]


def _invited(donor: Donor) -> str:
    return team_mails.link_of(team.invite(donor=donor, email="ana@example.org", address="")).split("/")[-2]


def _wiped(computer: Computer, admin: User) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Certify a disk, withdraw that and certify it anew; another one failed. Return the ids of records, and numbers of certificates."""
    old = certified(admin, computer)
    certifying.withdraw(certificate=old, by=admin, reason="The serial number was wrong.")
    valid = certifying.issue(computer=computer, by=admin)
    failed = wiped(computer, admin, serial="9RA4J1KQ", **FAILED)
    return [("failed", str(failed.pk))], [("valid", valid.number), ("withdrawn", old.number)]


def donations(admin: User) -> str:
    """Give two donors computers on their way, one with the donor's account and one without. Return the link of that one."""
    theirs = offered(PC, PC, OLD, donor=donor_of("donor@example.org", user=User.objects.get(username="donor")))
    stepped(theirs.computers.all()[0], "accept", "receive", "wipe", "test", "put_in_service", by=admin, grams=8200)
    stepped(theirs.computers.all()[1], "accept", "receive", "wait_for_parts", by=admin, grams=9100)
    without = offered(PC, OLD, donor=donor_of("carlos@example.org", name="Carlos Quishpe", organisation=""))
    photos.assign(photos.add_of_donor(_photo(), without), without.computers.all()[0], admin)
    stepped(without.computers.all()[0], "accept", "receive", "wipe", by=admin, grams=8200)
    return donor_links.token(without.donor)


def _photo(width: int = 1200, height: int = 900) -> photo_bytes.Picture:
    return photo_bytes.read(picture((width, height)))

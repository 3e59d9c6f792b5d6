"""The cards of the starter images: there before the image is, launchable once it is, and nobody's trouble where it cannot be made."""

from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from catalog.actions import take_over
from cloud.contract import Image
from cloud.diagnosis import of_any
from courses.models import Template
from portal.demo import fill
from tests.cloud.fake import FakeCloud
from tests.portal.test_commands import HERE


def debian(**facts: Any) -> FakeCloud:
    """Return a cloud that lists the Debian guest, with the tiny one beside it."""
    cloud = FakeCloud()
    cloud._images["debian-12"] = Image(
        "debian-12", "Debian 12", login="student", min_ram_mb=512, min_disk_gb=2, **facts
    )
    return cloud


def test_the_debian_card_comes_first_and_is_there_before_its_image(db: None) -> None:
    fill(debian(ready=False, status="building"), HERE)
    first = Template.objects.with_parts().first()
    assert first
    assert (first.slug, first.image.cloud_id) == ("debian", "debian-12")
    assert "is being made" in str(first.lacks)
    assert all(other.is_usable for other in Template.objects.with_parts().exclude(pk=first.pk))
    take_over(images=debian(ready=True).images(), flavors=FakeCloud().flavors())
    assert Template.objects.with_parts().get(slug="debian").is_usable


def test_a_demo_from_before_gets_the_debian_card(db: None) -> None:
    fill(FakeCloud(), HERE)
    assert not Template.objects.filter(slug="debian").exists()
    fill(debian(ready=True), HERE)
    assert Template.objects.get(slug="debian").position < Template.objects.get(slug="first-steps").position


def test_a_debian_card_that_was_retired_stays_so(db: None) -> None:
    fill(debian(ready=True), HERE)
    Template.objects.filter(slug="debian").update(retired_at=timezone.now())
    fill(debian(ready=True), HERE)
    assert Template.objects.get(slug="debian").retired_at


def test_that_it_could_not_be_built_is_said_to_administrators_only(db: None, client: Client) -> None:
    fill(debian(ready=False, status="failed", fault="mmdebstrap not installed."), HERE)
    pages: dict[str, str] = {}
    for name in ("student", "teacher", "admin"):
        client.force_login(User.objects.get(username=name))
        pages[name] = client.get("/launch/").text + client.get("/api/templates/").text
    assert "could not be made" in pages["admin"]
    assert "t-debian" not in pages["student"] + pages["teacher"]
    assert '"debian"' not in pages["student"]
    assert "mmdebstrap not installed" in client.get("/manage/catalog/").text


def test_the_check_of_the_cloud_says_why_it_could_not_be_built() -> None:
    rows = of_any(debian(ready=False, status="failed", fault="mmdebstrap not installed."))
    row = next(row for row in rows if row.topic == "Images")
    assert (row.ok, "mmdebstrap not installed" in str(row.found)) == ("note", True)

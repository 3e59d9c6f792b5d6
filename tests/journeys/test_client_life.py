"""The Python client against a whole Minga: a machine's life, as a program lives it."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.python.minga_client import Client, MingaError, NotSignedIn, Refused
from cloud.contract import Owner, ServerSpec
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import make_key
from tests.journeys.test_command_line_life import post
from tests.nodes.files.pictures import photo_of
from tests.waiting import PATIENCE, until

pytestmark = [on_simulated, pytest.mark.slow]


@pytest.fixture(scope="module")
def minga(stack: Any) -> Client:
    return Client.sign_in(stack.url, "student", "minga", name="client")


def test_a_machine_from_launch_to_delete(minga: Client, tmp_path: Path) -> None:
    key = minga.make_key(name="of the client")
    template = next(each for each in minga.templates() if each.fits)
    machine = minga.wait(minga.launch(template.slug, name="of the client").id)
    try:
        assert [each.id for each in minga.machines(state="running", name="Of The Client")] == [machine.id]
        assert {way.kind for way in machine.ways_in} == {port.scheme for port in machine.access}
        port = minga.open_port(machine.id, 8000, scheme="http")
        assert port.id in {each.id for each in minga.ports(machine.id)}
        minga.close_port(machine.id, port.id)
        minga.do(machine.id, "suspend")
        assert minga.wait(machine.id, states=["suspended"]).state == "suspended"
        minga.ask_for_disk(machine.id)
        assert {event.kind for event in minga.events(machine.id)} == {"wished", "moved"}
    finally:
        minga.delete(machine.id)
        minga.remove_key(key.id)
    with pytest.raises(MingaError):
        minga.wait(machine.id)


def test_keys_and_the_name_of_a_machine(minga: Client, tmp_path: Path) -> None:
    key = minga.add_key(make_key(tmp_path).with_name("key.pub").read_text(), name="of a file")
    machine = minga.wait(minga.launch(next(each for each in minga.templates() if each.fits).slug).id)
    try:
        assert key.id in [each.id for each in list(minga.keys())]
        assert minga.rename(machine.id, "heron").name == "heron"
        assert [row.machine for row in minga.install_key(key.id, [machine.id])] == [machine.id]
        assert [row.machine for row in minga.key_in_machines(key.id)] == [machine.id]
        assert minga.portal_key(machine.id).public_key.startswith("ssh-")
        minga.remove_portal_key(machine.id)
    finally:
        minga.delete(machine.id)
        minga.remove_key(key.id)


def test_a_request_for_more_is_decided(minga: Client, stack: Any) -> None:
    asked = minga.ask_for_more(next(iter(minga.templates())).slug, "For the exam.")
    assert asked.id in {each.id for each in minga.requests()}
    admin = Client.sign_in(stack.url, "admin", "minga", name="decides")
    assert admin.decide(asked.id, "refused", note="Not now.").state == "refused"
    assert (minga.request(asked.id).state, minga.request(asked.id).note) == ("refused", "Not now.")
    assert list(minga.announcements()) == []


def test_given_computers_are_offered_taken_further_and_followed(stack: Any) -> None:
    """Offered without a token, as anybody may."""
    computers = [{"kind": "desktop", "model": "OptiPlex", "ram_mb": 8192}, {"kind": "desktop", "cpu": "Pentium 4"}]
    offered = Client(stack.url).offer_computers(computers, name="Ana", email="ana@donors.example.org")
    assert [(each.state, bool(each.why)) for each in offered.computers] == [("offered", False), ("declined", True)]
    admin = Client.sign_in(stack.url, "admin", "minga", name="desk")
    for step, kg in (("accept", None), ("receive", 8.0)):
        donation = admin.step_donation(offered.number, step, kg=kg)
    assert [(each.state, each.kg) for each in donation.computers] == [("received", 8.0), ("declined", None)]
    donation = admin.undo_donation_step(offered.number, donation.events[0].batch)
    assert [event.to_state for event in donation.events[:3]] == ["accepted", "received", "accepted"]
    assert [each.number for each in admin.donations(state="open", donor="ana@donors")] == [offered.number]
    assert admin.donation(offered.number) == donation
    assert donation.computers[0].number in [each.number for each in admin.computers(state="accepted")]
    with pytest.raises(Refused) as caught:  # not even an administrator answers for the donor
        admin.confirm_donation(offered.number, True)
    assert caught.value.code == "not_yours"


def test_a_photo_of_some_megabytes_is_added_to_what_one_gave(minga: Client) -> None:
    mine = minga.offer_computers([{"kind": "laptop"}])
    large = photo_of(2400, 1800)
    assert len(large) > 3_000_000
    photo = minga.add_donation_photo(mine.number, large)
    assert [each.id for each in minga.donation_photos(mine.number)] == [photo.id]
    assert minga.donation_photo(mine.number, photo.id).startswith(b"\xff\xd8\xff")
    minga.remove_donation_photo(mine.number, photo.id)
    assert list(minga.donation_photos(mine.number)) == []


def test_a_server_made_outside_minga_is_given_to_a_person(minga: Client, stack: Any) -> None:
    """Made on the cloud itself, it is found with a whole list, and is a machine like any other once it is given."""
    admin = Client.sign_in(stack.url, "admin", "minga", name="adopts")
    flavor, image = stack.cloud.flavors()[0], stack.cloud.images()[0]
    outside = stack.cloud.ensure_server(ServerSpec("", Owner("somebody"), "by hand", flavor.id, image.id))
    until(lambda: [each.kind for each in admin.servers(search="by hand") if each.status == "active"] == ["other"])
    template = next(each for each in minga.templates() if each.fits).slug
    made = admin.adopt(outside.id, person="student", template=template, name="adopted")
    try:
        assert minga.wait(made.id).name == "adopted"
        assert list(admin.servers(search="by hand")) == []
        assert stack.servers(made.id)[0].id == outside.id
    finally:
        minga.delete(made.id)


def test_a_sign_in_by_browser(stack: Any) -> None:
    client = Client(stack.url)
    codes = client.begin_sign_in(name="of a lab")
    with httpx.Client(base_url=stack.url, follow_redirects=True, timeout=PATIENCE) as browser:
        post(browser, "/accounts/login/", login="student", password="minga")
        post(browser, "/account/device/", code=codes.user_code)
        assert "Allowed." in post(browser, "/account/device/", code=codes.user_code, decision="allow")
    assert client.finish_sign_in(codes).me().username == "student"
    client.sign_out()


def test_what_the_quota_refuses_is_a_sentence(minga: Client) -> None:
    with pytest.raises(Refused) as caught:
        minga.launch("there-is-no-such-template")
    assert (caught.value.status, str(caught.value)[-1]) == (400, ".")


def test_a_token_that_was_revoked(stack: Any) -> None:
    other = Client.sign_in(stack.url, "student", "minga", name="for a moment")
    assert other.me().username == "student"
    other.sign_out()
    with pytest.raises(NotSignedIn):
        other.quota()


# Public methods that no test of this file calls, and why.
LEFT_OUT = {
    "machine": "`wait` calls it",
    "disk": "tests/journeys/test_disk_download.py asks it",
    "download_disk": "tests/journeys/test_disk_download.py downloads a disk",
}


def test_no_method_is_forgotten() -> None:
    methods = {
        name for name, member in vars(Client).items() if not name.startswith("_") and not isinstance(member, property)
    }
    called = {name for name in methods if re.search(rf"(?<!LEFT_OUT)\.{name}\(", Path(__file__).read_text())}
    assert methods - called == LEFT_OUT.keys()

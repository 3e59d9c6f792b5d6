"""The Python client against a whole Minga: a machine's life, as a program lives it."""

from pathlib import Path
from typing import Any

import pytest

from clients.python.minga_client import Client, MingaError, NotSignedIn, Refused
from tests.journeys.kinds import on_simulated

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

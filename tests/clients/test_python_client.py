"""The Python client: what it makes of answers, of lost ones, and of what is no Minga."""

import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clients.python import generate
from clients.python.minga_client import Client, NotSignedIn, OtherServer, Refused, Unreachable
from tests.clients.fake_portal import Portal
from tests.clients.fake_portal import portal as portal
from tests.waiting import PATIENCE

KEY = {
    "id": 1,
    "name": "laptop",
    "public_key": "ssh-ed25519 A",
    "fingerprint": "f",
    "file_name": "",
    "created_at": "2026-11-26T12:00:00Z",
}
BUSY = (503, {"Retry-After": "7"}, {"code": "busy", "detail": "Very many are here."})


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def minga(portal: Portal, pauses: list[float]) -> Client:
    client = Client(portal.url, "secret")
    client._transport.pause = pauses.append
    return client


def test_the_models_are_those_of_the_schema() -> None:
    """`python -m clients.python.generate` writes them anew."""
    assert generate.FILE.read_text() == generate.source(generate.current_schema())


def test_it_starts_quickly() -> None:
    """A command line on it has 0.3 s for all; what this takes alone is a tenth of a second."""
    folder = Path(generate.FILE).parents[1]
    run = "import resource, minga_client; print(resource.getrusage(resource.RUSAGE_SELF).ru_utime)"
    done = subprocess.run([sys.executable, "-c", run], cwd=folder, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.3


def test_a_list_goes_on_where_the_link_says(portal: Portal, minga: Client) -> None:
    link = {"Link": f'<{portal.url}/api/v1/keys/?cursor=x>; rel="next"'}
    portal.answers = [(200, link, [KEY]), (200, {}, [{**KEY, "id": 2}])]
    found = list(minga.keys())
    assert [key.id for key in found] == [1, 2]
    assert portal.asked[1][1] == "/api/v1/keys/?cursor=x"


def test_the_token_follows_no_link_to_another_host(portal: Portal, minga: Client) -> None:
    portal.answers = [(200, {"Link": '<http://192.0.2.1/api/v1/keys/?cursor=x>; rel="next"'}, [KEY]), (200, {}, [])]
    assert len(list(minga.keys())) == 1
    assert [path for _method, path, _headers in portal.asked] == ["/api/v1/keys/", "/api/v1/keys/?cursor=x"]


def test_a_lost_answer_is_asked_for_again_with_the_same_key(portal: Portal, minga: Client) -> None:
    portal.answers = [None, (201, {}, KEY)]
    assert minga.add_key("ssh-ed25519 A").name == "laptop"
    first, second = (headers["Idempotency-Key"] for _method, _path, headers in portal.asked)
    assert first == second


def test_a_lost_answer_to_a_delete_is_told(portal: Portal, minga: Client) -> None:
    portal.answers = [None]
    with pytest.raises(Unreachable):
        minga.remove_key(1)
    assert len(portal.asked) == 1


def test_it_waits_as_long_as_it_is_told(portal: Portal, minga: Client, pauses: list[float]) -> None:
    portal.answers = [BUSY, (200, {}, [KEY])]
    assert (len(list(minga.keys())), pauses) == (1, [7.0])


def test_it_gives_up_in_the_end(portal: Portal, minga: Client, pauses: list[float]) -> None:
    portal.answers = [BUSY] * 9
    with pytest.raises(Refused, match="Very many"):
        list(minga.keys())
    assert len(pauses) == 3


def test_a_refusal_has_its_code_and_the_sentence(portal: Portal, minga: Client) -> None:
    told = {"code": "invalid", "detail": "name: too long", "errors": [{"field": "name", "detail": "too long"}]}
    portal.answers = [(400, {}, told)]
    with pytest.raises(Refused, match="name: too long") as caught:
        minga.make_key(name="x")
    assert (caught.value.status, caught.value.code, caught.value.errors) == (400, "invalid", (("name", "too long"),))


@pytest.mark.parametrize("ways", ["condor", [{}], [None], {"verb": 1}, 7])
def test_ways_out_that_are_none(portal: Portal, minga: Client, ways: Any) -> None:
    portal.answers = [(409, {}, {"code": "quota_exceeded", "detail": "Full.", "ways_out": ways})]
    with pytest.raises(OtherServer):
        minga.launch("lab")


def test_a_decision_is_sent_whole(portal: Portal, minga: Client) -> None:
    row = {
        "id": 7,
        "who": "ana",
        "template": "lab",
        "amounts": {"machines": 1},
        "reason": "x",
        "state": "refused",
        "note": "No.",
    }
    times = {
        "created_at": "2026-11-26T12:00:00Z",
        "decided_by": "eva",
        "decided_at": "2026-11-26T12:00:00Z",
        "ends_at": None,
    }
    portal.answers = [(200, {}, {**row, **times})]
    assert minga.decide(7, "refused", note="No.").amounts == {"machines": 1}
    assert portal.asked[0][:2] == ("PATCH", "/api/v1/requests/7/")


def test_a_token_that_has_expired(portal: Portal, minga: Client) -> None:
    portal.answers = [(401, {}, {"code": "authentication_failed", "detail": "This token is not valid (any more)."})]
    with pytest.raises(NotSignedIn, match="not valid"):
        minga.me()


def test_no_network(minga: Client) -> None:
    minga._transport.url = "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match="does not answer"):
        minga.me()


@pytest.mark.parametrize("address", ["labs.example.org", "file:///etc/passwd"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(Unreachable, match="https://"):
        Client(address)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b"<html>"), (404, {}, b"<html>"), (200, {}, {"keys": []}), (200, {}, [{"id": 1}]), (200, {}, [{**KEY, "id": "1"}]),
        (302, {"Location": "http://192.0.2.1/"}, b""),
    ],
)  # fmt: skip
def test_what_is_no_minga_or_another_version(portal: Portal, minga: Client, answer: Any) -> None:
    portal.answers = [answer]
    with pytest.raises(OtherServer):
        list(minga.keys())


def test_what_a_newer_portal_tells_besides_is_left_out(portal: Portal, minga: Client) -> None:
    portal.answers = [(200, {}, [{**KEY, "colour": "red"}])]
    (found,) = list(minga.keys())
    assert found.created_at.year == 2026


def test_waiting_ends_when_the_time_is_over(minga: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from clients.python.minga_client import MingaError

    machine: Any = type("Machine", (), {"settled": False, "state": "building", "note": "At work."})
    monkeypatch.setattr(minga, "machine", lambda _pk: machine)
    began = time.monotonic()
    with pytest.raises(MingaError, match="still building"):
        minga.wait("x", seconds=0.05, every=0.01)
    assert time.monotonic() - began < PATIENCE


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minga: Client) -> Path:
    monkeypatch.setattr(minga, "disk", lambda _machine: SimpleNamespace(size_bytes=8))
    return tmp_path / "disk.img"


def test_a_download_that_breaks_off_is_told_and_goes_on(portal: Portal, minga: Client, disk: Path) -> None:
    portal.answers = [(200, {"Content-Length": "8"}, b"1234"), (206, {"Content-Length": "4"}, b"5678")]
    with pytest.raises(Unreachable):
        minga.download_disk("x", disk)
    minga.download_disk("x", disk)
    assert (disk.read_bytes(), portal.asked[1][2]["Range"]) == (b"12345678", "bytes=4-")


def test_a_download_that_begins_anew_replaces_what_is_there(portal: Portal, minga: Client, disk: Path) -> None:
    disk.write_bytes(b"1234")
    portal.answers = [(200, {"Content-Length": "8"}, b"abcdefgh")]
    minga.download_disk("x", disk)
    assert disk.read_bytes() == b"abcdefgh"

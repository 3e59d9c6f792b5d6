"""Files of a machine over HTTP, from the page to a real sshd and back."""

import contextlib
import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from machines.models import Machine
from portal.live.files.file_bodies import MOST_PIECE
from tests.live.files.files_caller import Caller
from tests.live.files.files_fixtures import home as home
from tests.live.files.files_fixtures import machine as machine
from tests.live.files.files_fixtures import page as page
from tests.live.process import LiveProcess
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-files"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root"),
]
CONTENT = os.urandom(300_000)


def test_the_home_is_listed(page: Caller, home: Path) -> None:
    (home / "work").mkdir()
    (home / "note.txt").write_text("hello")
    os.utime(home / "note.txt", (10**9, 10**9))
    facts = page.get().facts
    expected = {
        "name": "note.txt", "path": f"{facts['home']}/note.txt", "kind": "file", "size": 5, "modified": "2001-09-09T01:46:40Z",
    }  # fmt: skip
    assert expected in facts["entries"]
    assert [facts["more"], facts["path"], facts["parent"]] == [
        False,
        facts["home"],
        os.path.dirname(facts["home"]) or "/",
    ]


def test_hostile_names_can_be_shown_and_given_back(page: Caller, home: Path) -> None:
    for name in (b"<img src=x onerror=alert(1)>", b"\xff\xfe", b"a\nb", b"\\x41", "ñ\u202e".encode()):
        (home / os.fsdecode(name)).write_bytes(name)
        entry = next(one for one in page.get().facts["entries"] if page.get(one["path"]).body == name)
        assert page.ask("DELETE", entry["path"]).facts == {"deleted": 1}


def test_a_file_comes_as_a_download_and_never_as_a_page(page: Caller, home: Path) -> None:
    (home / 'a "ñ".html').write_bytes(CONTENT)
    answer = page.get('a "ñ".html')
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, CONTENT, "300000")
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''a%20%22%C3%B1%22.html"
    assert (answer.headers["x-content-type-options"], answer.headers["content-type"]) == (
        "nosniff",
        "application/octet-stream",
    )
    assert "sandbox" in answer.headers["content-security-policy"]


def test_an_upload_goes_in_pieces_and_its_sum_comes_back(page: Caller, home: Path) -> None:
    first = page.put("photo", CONTENT[:100_000], 0, len(CONTENT))
    assert (first.status, first.facts) == (202, {"received": 100_000})
    assert page.get("photo", upload=1, size=len(CONTENT)).facts == {"received": 100_000}
    last = page.put("photo", CONTENT[100_000:], 100_000, len(CONTENT))
    assert (last.status, last.facts["sha256"]) == (201, hashlib.sha256(CONTENT).hexdigest())
    assert (home / "photo").read_bytes() == CONTENT


def test_it_goes_on_after_a_cut_in_the_middle_of_a_piece(page: Caller, home: Path) -> None:
    counts = page.live.hub.counts
    before = counts["files left"]
    line = page.line()
    line.putrequest("PUT", page.address("photo"))
    span = {"Content-Range": f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}", "Content-Length": str(len(CONTENT))}
    for name, value in {**page.headers, **span}.items():
        line.putheader(name, value)
    line.endheaders(CONTENT[:200_000])
    line.close()
    until(lambda: counts["files left"] > before)
    here = page.get("photo", upload=1, size=len(CONTENT)).facts["received"]
    assert 0 < here <= 200_000
    assert page.put("photo", CONTENT[here:], here, len(CONTENT)).status == 201
    assert (home / "photo").read_bytes() == CONTENT


def test_it_ends_after_a_cut_between_the_last_byte_and_its_name(page: Caller, home: Path) -> None:
    (home / f".photo.{len(CONTENT)}.minga-part").write_bytes(CONTENT)
    last = page.put("photo", b"", len(CONTENT), len(CONTENT))
    assert (last.status, (home / "photo").read_bytes() == CONTENT) == (201, True)


def test_who_lost_the_last_answer_gets_it_again(page: Caller, home: Path) -> None:
    end = {"start": len(CONTENT), "total": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}
    assert page.put("photo", b"", **end).said == (409, "range")
    answers = [
        page.put("photo", CONTENT),
        page.put("photo", b"", **end),
        page.put("photo", CONTENT, sha256=end["sha256"]),
    ]
    assert answers[0].facts == answers[1].facts == answers[2].facts
    assert page.put("photo", b"", **{**end, "sha256": "0" * 64}).said == (409, "exists")


def test_a_program_sends_a_small_file_whole(page: Caller, home: Path) -> None:
    assert [page.ask("PUT", name, body).status for name, body in (("a", b"hello"), ("empty", b""))] == [201, 201]
    assert ((home / "a").read_bytes(), (home / "empty").read_bytes()) == (b"hello", b"")


def test_an_existing_file_is_replaced_after_a_question(page: Caller, home: Path) -> None:
    (home / "photo").write_text("old")
    assert page.put("photo", CONTENT).said == (409, "exists")
    assert page.put("photo", CONTENT, replace=1).status == 201
    assert (home / "photo").read_bytes() == CONTENT


def test_what_did_not_arrive_as_it_was_sent_does_not_replace_anything(page: Caller, home: Path) -> None:
    (home / "photo").write_text("old")
    assert page.put("photo", CONTENT, replace=1, sha256="0" * 64).said == (422, "other_sum")
    assert (home / "photo").read_text() == "old"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ("bytes 0-9/100", 400), ("bytes 5-4/100", 400), ("bytes 0-299999/5", 400), ("bytes x", 400), ("bytes 0-299999/*", 400),
        ("bytes 99999999999999999999-1/5", 400), ("bytes 7-300006/400000", 409), ("items 0-299999/300000", 400),
    ],
)  # fmt: skip
def test_a_range_that_lies_is_refused_with_a_sentence(page: Caller, home: Path, span: str, said: int) -> None:
    answer = page.ask("PUT", "photo", CONTENT, {"Content-Range": span})
    assert (answer.status, answer.facts["code"] in ("range", "bad_range")) == (said, True)
    assert answer.facts["detail"].endswith(".")
    assert not (home / "photo").exists()


def test_a_piece_that_is_too_large_is_refused(page: Caller, home: Path) -> None:
    assert page.put("photo", bytes(MOST_PIECE + 1)).said == (413, "too_large")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (b"a\0b", "odd_name"), (b"a\nb", "odd_name"), (b"x" * 5000, "name_too_long"), (b"nothing", "not_found"), (b"loop", "not_found"),
        (b"device", "not_a_file"), (b"../" * 30 + b"etc/nothing", "not_found"),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_an_odd_path_gets_a_sentence(page: Caller, home: Path, path: bytes, code: str) -> None:
    (home / "loop").symlink_to("loop")
    (home / "device").symlink_to("/dev/zero")
    answer = page.get(path)
    assert answer.facts["code"] == code
    assert answer.facts["detail"]


def test_sentences_are_in_the_persons_language(page: Caller, home: Path, student: User) -> None:
    student.language = "es"
    student.save(update_fields=["language"])
    assert page.get("nothing").facts["detail"] == "nothing no está ahí."


def test_folders_are_made_renamed_and_deleted(page: Caller, home: Path) -> None:
    assert page.ask("POST", "work", do="folder").status == 201
    (home / "work" / "note").touch()
    assert page.ask("POST", "work", do="rename", to="old work").status == 200
    assert page.ask("POST", "old work", do="folder").said == (409, "exists")
    assert page.ask("DELETE", "old work").facts == {"deleted": 2}
    assert page.ask("DELETE", "~").said == (409, "not_here")


@pytest.mark.parametrize("query", [{}, {"do": "x"}, {"do": "rename"}])
def test_a_verb_that_does_not_exist_is_refused(page: Caller, home: Path, query: dict[str, str]) -> None:
    assert page.ask("POST", "work", **query).said == (400, "bad_verb")


@pytest.mark.parametrize("query", [{"path": "work", "as": "tar"}, {"path": "", "home": "tar"}])
def test_a_folder_and_the_home_come_as_tar(page: Caller, home: Path, query: dict[str, str]) -> None:
    (home / "work").mkdir()
    (home / "work" / "photo").write_bytes(CONTENT)
    answer = page.ask("GET", **query)  # type: ignore[arg-type]
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as archive:
        name = next(name for name in archive.getnames() if name.endswith("work/photo"))
        assert archive.extractfile(name).read() == CONTENT  # type: ignore[union-attr]
    assert (answer.headers["content-type"], ".tar" in answer.headers["content-disposition"]) == (
        "application/x-tar",
        True,
    )


def test_an_upload_is_given_up(page: Caller, home: Path) -> None:
    page.put("photo", CONTENT[:10], 0, 100)
    assert page.ask("DELETE", "photo", upload=1, size=100).status == 200
    assert not [name for name in os.listdir(home) if "minga-part" in name]


def test_pieces_use_one_connection(page: Caller, home: Path) -> None:
    queue: Any = page.live.server.config.app.guests.queue
    opened: list[int] = []
    turn, queue.turn = queue.turn, lambda *words, **named: opened.append(1) or turn(*words, **named)
    for start in range(0, 300_000, 100_000):
        page.put("photo", CONTENT[start : start + 100_000], start, len(CONTENT))
    queue.turn = turn
    assert len(opened) == 1


# ---- who may ----


def test_a_ticket_lets_in_once_and_only_for_its_method(
    page: Caller, home: Path, live: LiveProcess, machine: Machine
) -> None:
    (home / "note").write_text("hello")
    nobody, ticket = Caller(live, machine.pk, None), page.ticket("GET")
    nobody.headers = {}
    assert nobody.ask("DELETE", "note", ticket=ticket).status == 401
    assert [nobody.get("note", ticket=ticket).status for _twice in range(2)] == [200, 401]


@pytest.mark.parametrize(("who", "status"), [("student2", 404), ("teacher", 404), ("donor", 404), ("admin", 200)])
def test_others_learn_nothing(
    live: LiveProcess, machine: Machine, home: Path, who: str, status: int, request: pytest.FixtureRequest
) -> None:
    assert Caller(live, machine.pk, request.getfixturevalue(who)).get().status == status


@pytest.mark.parametrize(
    ("header", "value"), [("Origin", "https://evil.example"), ("Cookie", "sessionid=made-up"), ("Cookie", "")]
)
def test_who_is_not_known_is_refused_with_a_sentence(page: Caller, home: Path, header: str, value: str) -> None:
    page.headers[header] = value
    answer = page.get()
    assert (answer.status, answer.facts["detail"][-1]) == (403 if header == "Origin" else 401, ".")
    assert answer.headers.get("access-control-allow-origin") in (None, page.live.url)


def test_another_page_of_ours_may_ask_before_it_sends(page: Caller) -> None:
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-range"}
    answer = page.ask("OPTIONS", "photo", headers=asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, page.live.url)
    page.headers["Origin"] = "https://evil.example"
    assert page.ask("OPTIONS", "photo", headers=asked).status == 403


def test_an_unknown_machine_and_an_unknown_address_are_404(page: Caller) -> None:
    page.machine = "00000000-0000-0000-0000-000000000000"
    assert page.get().said == (404, "machine")
    page.machine = "x"
    assert page.get().said == (404, "path")


@pytest.mark.parametrize("query", ["a=" + "x" * 33_000, "a&" * 20])
def test_an_address_that_asks_endlessly_is_refused_before_it_is_read(page: Caller, query: str) -> None:
    line, counts = page.line(), page.live.hub.counts
    before = counts["refused head"]
    line.request("GET", f"{page.address('')}&{query}", headers=page.headers)
    assert (line.getresponse().status, line.close()) == (400, None)
    assert counts["refused head"] == before + 1


def test_a_body_of_two_lengths_is_refused_and_nothing_behind_it_is_read(page: Caller, home: Path) -> None:
    lines = {**page.headers, "Content-Length": "4", "Transfer-Encoding": "chunked"}
    with contextlib.closing(page.line()) as line:
        line.request("PUT", page.address("note"), b"1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", lines)
        answer = line.getresponse()
        assert (answer.status, answer.getheader("connection")) == (400, "close")
    assert not (home / "note").exists()


def test_a_machine_that_does_not_run_says_so(page: Caller, machine: Machine) -> None:
    Machine.objects.update(state="suspended", wanted="suspended")
    answer = page.get()
    assert (answer.status, answer.facts["code"]) == (409, "not_running")


def test_a_guest_that_does_not_answer_is_for_later(page: Caller) -> None:
    """The status lets the page go on with an upload by itself: an agent that restarts looks like this for some seconds."""
    answer = page.get()
    assert (*answer.said, answer.headers.get("retry-after")) == (503, "unreachable", "2")

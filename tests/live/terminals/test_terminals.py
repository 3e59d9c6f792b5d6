"""Terminals, from a viewer's websocket to the shell of a real sshd."""

import contextlib
from collections.abc import Iterator

import pytest

from accounts.models import User
from machines.models import Machine
from portal.live.terminals import late_closings, shells, window
from tests.live.process import LiveProcess
from tests.live.terminals.guest_fixtures import home as home
from tests.live.terminals.guest_fixtures import kind as kind
from tests.live.terminals.guest_fixtures import machine as machine
from tests.live.terminals.guest_fixtures import opened as opened
from tests.live.terminals.guest_fixtures import without_tmux as without_tmux
from tests.live.terminals.guest_stage import View, view
from tests.machines.idle.guest import can_run
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("live-terminals"),
    pytest.mark.slow,
    pytest.mark.skipif(not can_run(), reason="needs sshd, and root for terminals of its own"),
]


def test_what_is_typed_reaches_the_shell_and_its_output_comes_back(kind: str, opened: View) -> None:
    opened.type("echo $((6*7))-ñandú\n")
    opened.shows("42-ñandú")
    assert opened.of("open")[0]["survives"] == (kind == "tmux")


def test_a_cut_line_goes_on_where_it_was(live: LiveProcess, machine: Machine, student: User, opened: View) -> None:
    opened.type("echo before-$((6*7))\n")
    opened.shows("before-42\r\n")
    while opened.read(0.3):  # tmux draws itself anew at its beginning
        pass
    first = opened.of("open")[0]
    opened.line.socket.close()
    opened.close()
    again = view(live, machine, student, life=first["life"], seen=first["at"] + len(opened.output))
    assert (again.opens()["fresh"], again.opens()["at"]) == (False, first["at"] + len(opened.output))
    again.type("echo after-$((6*7))\n")
    again.shows("after-42")
    assert b"before-42" not in again.output
    again.close()


def test_a_reload_shows_what_was_there(live: LiveProcess, machine: Machine, student: User, opened: View) -> None:
    opened.type("echo $((6*7))-here\n")
    opened.shows("42-here")
    opened.close()
    again = view(live, machine, student)
    assert again.opens()["fresh"]
    again.shows("42-here")
    assert again.output.startswith(b"\x1bc")
    again.close()


def test_a_second_window_takes_it_and_the_first_is_told(
    live: LiveProcess, machine: Machine, student: User, opened: View
) -> None:
    second = view(live, machine, student)
    second.opens()
    assert opened.ends() == (4001, "elsewhere")
    second.type("echo $((6*7))-mine\n")
    second.shows("42-mine")
    second.close()


def test_each_name_is_a_shell_of_its_own(live: LiveProcess, machine: Machine, student: User, opened: View) -> None:
    opened.type("HERE=first\n")
    second = view(live, machine, student, name="2")
    second.opens()
    second.type("echo $((6*7))[$HERE]\n")
    second.shows("42[]")
    opened.until(lambda: {"type": "names", "names": ["1", "2"]} in opened.told)
    second.close()


def test_the_end_of_the_shell_is_told(kind: str, opened: View) -> None:
    opened.type("exit\n")
    assert opened.ends() == (4000, "exited")


def test_closing_a_terminal_ends_its_shell(live: LiveProcess, machine: Machine, student: User, opened: View) -> None:
    opened.type("HERE=first\n")
    opened.say(type="close")
    assert opened.ends() == (4000, "exited")
    again = view(live, machine, student)
    again.opens()
    again.type("echo $((6*7))[$HERE]\n")
    again.shows("42[]")
    again.close()


@contextlib.contextmanager
def closed_in_silence(monkeypatch: pytest.MonkeyPatch, opened: View) -> Iterator[None]:
    """Close a terminal whose guest does not answer, and goes on not answering until the end of the block."""
    with monkeypatch.context() as silence:
        silence.setattr(shells, "TMUX", "sleep 60 #")
        silence.setattr(shells, "LOOK_SECONDS", 0.2)
        opened.say(type="close")
        assert opened.ends() == (4000, "unclosed")
        yield


def test_a_guest_that_does_not_answer_is_no_closed_terminal_and_its_shell_ends_later(
    monkeypatch: pytest.MonkeyPatch, live: LiveProcess, machine: Machine, student: User, opened: View
) -> None:
    late = live.server.config.app.terminals.late
    monkeypatch.setattr(late_closings, "PAUSE_SECONDS", 0.05)
    opened.type("HERE=first\n")
    with closed_in_silence(monkeypatch, opened):
        until(lambda: late.waiting, "it is asked again")
    until(lambda: not late.waiting, "its shell is ended")
    with contextlib.closing(view(live, machine, student)) as again:
        again.opens()
        again.type("echo $((6*7))[$HERE]\n")
        again.shows("42[]")


def test_a_shell_that_is_opened_again_before_its_guest_answers_goes_on(
    monkeypatch: pytest.MonkeyPatch, live: LiveProcess, machine: Machine, student: User, opened: View
) -> None:
    opened.type("HERE=first\n")
    with closed_in_silence(monkeypatch, opened):
        pass
    with contextlib.closing(view(live, machine, student)) as again:
        again.opens()
        assert not live.server.config.app.terminals.late.waiting
        again.type("echo $((6*7))[$HERE]\n")
        again.shows("42[first]")


def test_the_size_reaches_the_shell(kind: str, opened: View) -> None:
    opened.say(type="resize", cols=133, rows=51)
    opened.type(
        "until [ \"$(stty size)\" = '51 133' ]; do sleep 0.1; done; echo it-$((6*7))\n"
    )  # tmux tells it after a moment
    opened.shows("it-42")


def test_a_frame_that_is_none_is_answered_and_changes_nothing(opened: View) -> None:
    for text in ('{"type":"resize","cols":0,"rows":9}', "not JSON", '{"type":"ack","bytes":999999}'):
        opened.line.send(text)
    opened.until(lambda: len(opened.of("bad")) == 3)
    opened.type("stty size\n")
    opened.shows("24 80")


def test_ctrl_c_ends_a_flood(kind: str, opened: View) -> None:
    opened.type("yes\n")
    opened.until(lambda: opened.output.count(b"y\r\n") > 30_000 or len(opened.output) > 300_000)
    opened.type("\x03")
    opened.type("echo $((6*7))-calm\n")
    opened.shows("42-calm")


def test_a_viewer_that_does_not_acknowledge_gets_no_more_than_the_window(without_tmux: None, opened: View) -> None:
    opened.acknowledges = False
    opened.type("head -c 3000000 /dev/zero | tr '\\0' x; echo over\n")
    while opened.read(1.0):
        pass
    most = window.MOST + shells.WINDOW
    assert window.MOST - shells.PACKET < len(opened.output) <= most
    opened.acknowledges = True
    opened.say(type="ack", bytes=len(opened.output))
    opened.shows("over")


def test_in_tmux_the_shell_outlives_the_live_process(
    live: LiveProcess, machine: Machine, student: User, opened: View
) -> None:
    opened.type("HERE=still; echo $((6*7))-set\n")
    opened.shows("42-set")
    live.stop()
    assert opened.ends() == (1012, "restart")
    live.start()
    again = view(live, machine, student)
    assert again.opens()["fresh"]
    assert again.opens()["shell"] == opened.opens()["shell"]
    again.type("echo [$HERE]\n")
    again.shows("[still]")
    again.close()


def test_a_shell_after_one_that_ended_is_another(
    kind: str, live: LiveProcess, machine: Machine, student: User, opened: View
) -> None:
    opened.say(type="close")
    assert opened.ends() == (4000, "exited")
    again = view(live, machine, student)
    assert again.opens()["shell"] != opened.opens()["shell"]
    again.close()

"""The command line and a way into a machine that a later portal has: it is shown without the command line knowing its kind."""

import pytest

from clients.python.minga_client.cli import main
from tests.clients.fake_portal import Portal
from tests.clients.fake_portal import portal as portal
from tests.clients.test_command_line import CONDOR
from tests.clients.test_command_line import home as home
from tests.clients.test_command_line import signed_in as signed_in

TELEPATHY = {
    "kind": "telepathy", "label": "Telepathy", "icon": "mind", "address": "mind://condor", "available": True, "why_not": "",
    "details": {"channel": 7},
}  # fmt: skip


def test_a_way_in_of_a_kind_that_it_does_not_know(signed_in: Portal, capsys: pytest.CaptureFixture[str]) -> None:
    ways = [{**TELEPATHY, "available": False, "address": "mind://asleep", "why_not": "It sleeps."}, TELEPATHY]
    signed_in.answers = [(200, {}, [{**CONDOR, "ways_in": ways}])] * 2
    assert main(["show", "condor"]) == 0
    told = capsys.readouterr().out
    assert "  Telepathy: mind://asleep (It sleeps.)\n  Telepathy: mind://condor\n" in told
    assert main(["ls"]) == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("mind://condor")

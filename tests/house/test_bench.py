"""The benches' own measures: what they count is what was asked."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench import chaos, wire
from tests.journeys.stack import ROOT

ASK = "import http.client as h; c = h.HTTPConnection('127.0.0.1', 1); c.send = print; c.request('GET', '/v2.1/servers?limit=1')"
SERVER = "6f396753-0a05-4c46-84a0-da33d33e8584"


def test_the_wiretap_writes_a_line_for_each_request(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(wire.TAP), "MINGA_WIRETAP": str(tmp_path / "calls")}
    subprocess.run([sys.executable, "-c", ASK], env=environment, check=True, cwd=ROOT, capture_output=True)
    [line] = (tmp_path / "calls").read_text().splitlines()
    assert line.split()[2:] == ["1", "GET", "/v2.1/servers?limit=1"]


def test_the_same_call_for_another_server_is_the_same_call() -> None:
    assert wire.kind("DELETE", f"/v2.1/servers/{SERVER}") == "DELETE /servers/{id}"


def test_a_list_of_changes_is_told_from_a_whole_one() -> None:
    path = "/v2.1/servers/detail?all_tenants=1&limit=500"
    assert wire.kind("GET", path) != wire.kind("GET", f"{path}&changes-since=2026-11-21T11%3A57%3A26Z")


def test_calls_are_told_for_each_machine() -> None:
    table = wire.table({"portal": Counter({"compute POST /servers": 30})}, each=20)
    assert table.splitlines()[1].split() == ["compute", "POST", "/servers", "1.50"]


def test_one_port_of_two_machines_at_once_is_seen() -> None:
    one = chaos.Life("whole life", 9, frozenset({23001, 23002}), began_at=1, ended_at=5)
    other = chaos.Life("whole life", 9, frozenset({23002}), began_at=4, ended_at=8)
    assert chaos.double_ports([one, other]) == 1


def test_a_port_that_was_given_back_may_be_drawn_again() -> None:
    one = chaos.Life("whole life", 9, frozenset({23001}), began_at=1, ended_at=5)
    other = chaos.Life("whole life", 9, frozenset({23001}), began_at=6, ended_at=8)
    assert chaos.double_ports([one, other]) == 0

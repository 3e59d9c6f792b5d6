"""Reports of older and newer agents are understood, and what is no report is refused."""

import json

import pytest

from tunnels.report import BadReport, read_report

GOOD = {"boot": "b", "seq": 1, "revision": 1, "whole": True, "tunnels": {}}
LINE = {"state": "open"}
KEY = "8364983b-016e-4728-a80a-62b757837b9b"


def test_of_an_agent_that_does_not_know_them_apart_all_bytes_count() -> None:
    told = {**LINE, "bytes_in": 5, "bytes_out": 7}
    report = {"boot": "b", "seq": 1, "revision": 1, "whole": True, "tunnels": {KEY: told}}
    [line] = read_report(json.dumps(report).encode()).tunnels.values()
    assert line.bytes_used == 12


@pytest.mark.parametrize(
    ("told", "kept"),
    [({}, None), ({"link_error": None}, None), ({"link_error": ""}, ""), ({"link_error": "denied"}, "denied"), ({"link_error": "news"}, "other")],
)  # fmt: skip
def test_an_older_and_a_newer_agent_are_understood(told: dict[str, str | None], kept: str | None) -> None:
    assert read_report(json.dumps({**GOOD, **told}).encode()).link_error == kept


@pytest.mark.parametrize("told", [{}, {"mishaps": None}, {"mishaps": {}}, {"mishaps": {"news": "x"}}])
def test_an_agent_that_tells_no_mishaps_we_know_is_understood(told: dict[str, object]) -> None:
    report = read_report(json.dumps({**GOOD, **told}).encode())
    assert set(report.mishaps.values()) == {0}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff", b"[]", b"{}", b"[" * 5000, b'{"seq": NaN}',
        *(json.dumps({**GOOD, **change}).encode() for change in (
            {"seq": -1}, {"seq": "1"}, {"seq": True}, {"boot": 5}, {"boot": "x" * 65}, {"boot": "\x00"}, {"tunnels": []},
            {"tunnels": {"x": LINE}}, {"tunnels": {KEY: None}}, {"tunnels": {KEY: {}}}, {"tunnels": {KEY: {"state": "ajar"}}},
            {"mishaps": {"faults": -1}}, {"mishaps": [1]}, {"mishaps": 5},
            {"link_error": 5}, {"link_error": "x" * 65}, {"tunnels": {KEY: {**LINE, "bytes_in": -1}}}, {"tunnels": {KEY: {**LINE, "bytes_in": 2**63}}},
            {"tunnels": {KEY: {**LINE, "last_byte_at": 10**15}}}, {"tunnels": {KEY: {**LINE, "last_byte_at": "now"}}},
        )),
    ],
)  # fmt: skip
def test_a_report_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(BadReport):
        read_report(body)

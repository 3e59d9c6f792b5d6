"""The wire format is that of version 0.3: an upgraded portal talks with an older agent, and the other way round."""

import json
from typing import Any

import pytest

from tunnels.agent.protocol import (
    GatewayAddress,
    Knock,
    KnockAnswer,
    Malformed,
    Report,
    TunnelReport,
    Wanted,
    WantedTunnel,
)

ID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
ADDRESS = {"ssh_host": "gate", "ssh_port": 22, "user": "minga", "host_key": "k", "bind_address": "0.0.0.0"}
TUNNEL = {
    "id": ID, "port": 23417, "host": "10.0.0.7", "target_port": 22, "scheme": "ssh", "allow": ["192.0.2.0/24"], "since": 3,
    "probe": True, "hold": False, "knock": [],
}  # fmt: skip
LINE: dict[str, Any] = {
    "state": "open", "error": "", "since": 3, "answered": True, "connections": 1, "bytes_in": 2, "bytes_out": 3, "refused": 0,
    "bytes_used": 5, "last_byte_at": 1795721448,
}  # fmt: skip
MISHAPS = {"faults": 0, "turned_away": 1, "links_lost": 2}
REPORT = {
    "boot": "b", "seq": 1, "revision": 3, "whole": True, "tunnels": {ID: LINE}, "link_error": "", "mishaps": MISHAPS,
}  # fmt: skip


def test_a_report_is_sent_as_0_3_sent_it() -> None:
    report = Report("b", 1, 3, True, {ID: TunnelReport(**LINE)}, "", MISHAPS)
    assert report.as_json() == REPORT


def test_a_report_of_0_3_is_read() -> None:
    assert Report.parse(json.dumps(REPORT).encode()).as_json() == REPORT


def test_what_is_wanted_is_sent_as_0_3_sent_it() -> None:
    wanted = Wanted(3, GatewayAddress.read(ADDRESS), [WantedTunnel.read(TUNNEL)])
    assert wanted.as_json() == {"revision": 3, "gateway": ADDRESS, "tunnels": [TUNNEL]}


def test_a_knock_and_its_answer_are_as_in_0_3() -> None:
    assert Knock(ID, "192.0.2.7").as_json() == {"tunnel": ID, "address": "192.0.2.7"}
    assert KnockAnswer(True, 5.0, "Soon.", "https://x").as_json() == {
        "wakes": True,
        "seconds": 5.0,
        "words": "Soon.",
        "home": "https://x",
    }
    assert KnockAnswer.read({"wakes": True, "seconds": 5, "words": "Soon."}).home == ""  # of an older portal


def test_fields_of_a_newer_portal_are_skipped() -> None:
    assert WantedTunnel.read({**TUNNEL, "colour": "red"}) == WantedTunnel.read(TUNNEL)


def test_an_older_portal_says_nothing_of_holding() -> None:
    older = {name: value for name, value in TUNNEL.items() if name not in ("hold", "knock")}
    assert WantedTunnel.read(older) == WantedTunnel.read(TUNNEL)


@pytest.mark.parametrize("lacking", ["allow", "port", "since"])
def test_a_tunnel_that_lacks_what_it_needs_is_not_read(lacking: str) -> None:
    with pytest.raises(TypeError):
        WantedTunnel.read({name: value for name, value in TUNNEL.items() if name != lacking})


@pytest.mark.parametrize("body", [b"", b"[]", b'{"tunnel": "a"}', b"3"])
def test_what_is_no_knock_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        Knock.parse(body)

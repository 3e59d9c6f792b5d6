"""Messages to held visitors."""

from html import escape

import pytest

from tests.tunnels.targets import HERE
from tunnels.agent.messages import WAKING, goodbye, language, page
from tunnels.agent.wishes import Networks, Wishes


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("es", "es"), ("es-419,es;q=0.9", "es"), ("en-US,en;q=0.9,es;q=0.8", "en"), ("es;q=0.8,en;q=0.9", "en"), ("fr,de", "en"),
        ("fr, es;q=0.1", "es"), ("es;q=x", "en"), ("*", "en"), ("", "en"),
    ],
)  # fmt: skip
def test_a_page_is_in_the_language_that_the_browser_likes_best(header: str, best: str) -> None:
    assert language(f"GET / HTTP/1.1\r\nAccept-Language: {header}\r\n\r\n".encode()) == best


def test_a_page_is_small_and_fetches_nothing() -> None:
    told = page(b"GET / HTTP/1.1\r\n\r\n")
    assert len(told) < 2500
    assert not [word for word in (b"<script", b"src=", b"url(", b"@import", b"<link") if word in told]


@pytest.mark.parametrize(
    ("home", "is_told"),
    [("https://labs.example.org", True), ("", False), ("javascript:alert(1)", False), ('https://x"><script>', True)],
)
def test_a_page_leads_home_where_the_portal_says_where_that_is(home: str, is_told: bool) -> None:
    told = page(b"GET / HTTP/1.1\r\n\r\n", home=home).decode()
    assert (f'href="{escape(home)}"' in told, "<script" in told) == (is_told, False)


def test_a_page_says_its_length() -> None:
    head, _blank, body = page(b"").partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


def test_who_asks_for_the_head_gets_no_page() -> None:
    assert page(b"HEAD / HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


@pytest.mark.parametrize("words", ["x" * number for number in range(1, 17)])
def test_a_disconnect_is_a_proper_ssh_packet(words: str) -> None:
    line, _nl, packet = goodbye(words).partition(b"\r\n")
    length, padding = int.from_bytes(packet[:4]), packet[4]
    assert line.startswith(b"SSH-2.0-")
    assert len(packet) == 4 + length
    assert len(packet) % 8 == 0
    assert padding >= 4
    assert packet[5] == 1


def _said(packet: bytes) -> str:
    length = int.from_bytes(packet[10:14])
    return packet[14 : 14 + length].decode()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", WAKING),
        ("\x1b[2J\n", "[2J"),
        ("Tu máquina está despertando", "Tu maquina esta despertando"),
        ("x" * 999, "x" * 200),
    ],
)
def test_a_sentence_is_one_plain_line_for_a_terminal(words: str, said: str) -> None:
    assert _said(goodbye(words).partition(b"\r\n")[2]) == said


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("203.0.113.9", True), ("::ffff:203.0.113.9", True), ("203.0.113.10", False), ("2001:db8:1:2::77", True),
        ("2001:db8:1:3::77", False), ("198.51.100.200", True), ("fe80::1%eth0", False), ("UNKNOWN", False), ("", False), (HERE, False),
    ],
)  # fmt: skip
def test_networks_know_who_is_in_them(address: str, is_in: bool) -> None:
    assert (address in Networks(["203.0.113.9/32", "198.51.100.0/24", "2001:db8:1:2::/64"])) == is_in


def test_a_network_that_an_older_portal_did_not_unwrap_lets_in_whom_it_means() -> None:
    networks = Networks(["::ffff:203.0.113.0/120", "fe80::1%eth0"])
    assert "203.0.113.9" in networks
    assert "198.51.100.9" not in networks


def test_everybody_is_a_network_too() -> None:
    assert "203.0.113.9" in Networks(["0.0.0.0/0"])
    assert "2001:db8::1" not in Networks(["0.0.0.0/0"])


def test_a_portal_that_knows_nothing_of_holding_is_understood() -> None:
    place = {"ssh_host": "x", "ssh_port": 22, "user": "u", "host_key": "k", "bind_address": ""}
    line = {
        "id": "a",
        "port": 1,
        "host": "h",
        "target_port": 2,
        "scheme": "tcp",
        "allow": [],
        "since": 1,
        "probe": True,
    }
    wish = Wishes.read({"revision": 1, "gateway": place, "tunnels": [line]}).tunnels["a"]
    assert not wish.hold
    assert not wish.may_knock("203.0.113.9")

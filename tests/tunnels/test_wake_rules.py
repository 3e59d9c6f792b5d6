"""The rows say whose connection wakes a machine."""

import json
import uuid

import pytest

from tunnels.wake_rules import BadKnock, all_knockers, home_of, homes_of, may_knock, read

TUNNEL = uuid.uuid4()


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("203.0.113.9", "203.0.113.9/32"),
        ("::ffff:203.0.113.9", "203.0.113.9/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_whoever_has_an_address_is_at_home_in_a_network(address: str, home: str) -> None:
    assert home_of(address) == home


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_whoever_is_on_this_computer_comes_by_both_its_addresses(address: str) -> None:
    assert may_knock("127.0.0.1", homes_of(address), [])
    assert may_knock("::1", homes_of(address), [])
    assert not may_knock("203.0.113.9", homes_of(address), [])


@pytest.mark.parametrize("crowd", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3"])
def test_a_list_that_lets_everybody_in_invites_nobody_to_knock(crowd: str) -> None:
    assert all_knockers(["203.0.113.9/32"], [crowd]) == ["203.0.113.9/32"]


def test_a_list_that_names_somebody_does() -> None:
    assert may_knock("198.51.100.7", [], ["198.51.100.0/24"])


def test_who_may_knock_must_be_let_in_as_well() -> None:
    assert not may_knock("203.0.113.9", ["203.0.113.9/32"], ["198.51.100.0/24"])


def test_without_a_list_only_those_who_are_known_knock() -> None:
    assert may_knock("203.0.113.9", ["203.0.113.9/32"], [])
    assert not may_knock("203.0.113.10", ["203.0.113.9/32"], [])


def test_a_knock_is_read() -> None:
    told = {"tunnel": str(TUNNEL), "address": "::ffff:203.0.113.9"}
    assert read(json.dumps(told).encode()) == (TUNNEL, "203.0.113.9")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b"{}", b"[" * 5000, b'{"tunnel": 1, "address": "203.0.113.9"}',
     b'{"tunnel": "8364983b-016e-4728-a80a-62b757837b9b", "address": 7}', b'{"tunnel": "8364983b-016e-4728-a80a-62b757837b9b", "address": "x"}'],
)  # fmt: skip
def test_a_knock_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(BadKnock):
        read(body)

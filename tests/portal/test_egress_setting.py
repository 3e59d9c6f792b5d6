"""GUEST_EGRESS_BLOCKED as a process reads it: left out, empty, none, networks."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.portal.test_https import settings


@pytest.mark.parametrize(
    ("value", "found"),
    [(None, None), ("", None), ("none", []), ("10.0.0.0/24, fd00:1::/64", ["10.0.0.0/24", "fd00:1::/64"])],
)
def test_networks_are_read(monkeypatch: pytest.MonkeyPatch, value: str | None, found: list[str] | None) -> None:
    variables = {} if value is None else {"GUEST_EGRESS_BLOCKED": value}
    assert settings(monkeypatch, **variables)["GUEST_EGRESS_BLOCKED"] == found


@pytest.mark.parametrize("value", ["management", "10.0.0.5/24", "10.0.0.0/24;10.1.0.0/24"])
def test_what_is_no_network_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"^GUEST_EGRESS_BLOCKED must be networks or addresses, .* or none, and is "
    ):
        settings(monkeypatch, GUEST_EGRESS_BLOCKED=value)

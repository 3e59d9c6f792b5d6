"""Access to /metrics: this computer, allowed networks, and whoever has the token."""

import runpy
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

import portal.settings

TOKEN = "a-token-of-sixteen-or-more"


def test_this_computer_may(client: Client, db: None) -> None:
    reply = client.get("/metrics")
    assert (reply.status_code, reply["Content-Type"].partition(";")[0]) == (200, "text/plain")


@pytest.mark.parametrize("address", ["192.0.2.7", "::2", "", "unix:"])
def test_another_may_not(client: Client, address: str) -> None:
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"])
def test_nobody_comes_in_through_a_proxy_on_this_computer(client: Client, header: str) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1"}).status_code == 401


def test_a_network_may_be_let_in(client: Client, settings: Any, db: None) -> None:
    settings.METRICS_ALLOW = [ip_network("192.0.2.0/24")]
    asked = [client.get("/metrics", REMOTE_ADDR=a).status_code for a in ("192.0.2.7", "::ffff:192.0.2.7", "127.0.0.1")]
    assert asked == [200, 200, 401]


def test_whoever_has_the_token_may(client: Client, settings: Any, db: None) -> None:
    settings.METRICS_TOKEN = TOKEN
    words = (f"Bearer {TOKEN}", "Bearer wrong", "Bearer ", f"Basic {TOKEN}", "Bearer ñ")
    assert [
        client.get("/metrics", headers={"Authorization": word}, REMOTE_ADDR="192.0.2.7").status_code for word in words
    ] == [200, 401, 401, 401, 401]


def test_no_token_is_nobodys(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}, REMOTE_ADDR="192.0.2.7").status_code == 401


@pytest.mark.parametrize(("name", "value"), [("METRICS_TOKEN", "short"), ("METRICS_ALLOW", "everybody")])
def test_a_wrong_setting_is_a_sentence(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/house/test_settings.py shows that a sentence stops the start."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=name):
        runpy.run_path(portal.settings.__file__)

"""Names of gateways that a browser would take for the portal's."""

from typing import Any

import pytest
from django.core import checks
from django.core.management import CommandError, call_command
from django.forms import model_to_dict

from tests.factories import make_gateway
from tunnels import site_names
from tunnels.models import Gateway


@pytest.fixture(autouse=True)
def _portal(settings: Any) -> None:
    settings.ALLOWED_HOSTS, settings.PORTAL_URL = (
        ["labs.example.org", ".uni.edu.ec", "127.0.0.1"],
        "https://minga.example.net",
    )


@pytest.mark.parametrize(
    ("public", "own"),
    [
        ("labs.example.org", "labs.example.org"), ("LABS.example.org.", "labs.example.org"), ("minga.example.net", "minga.example.net"),
        ("ports.labs.example.org", "labs.example.org"), ("example.org", "labs.example.org"), ("ports.uni.edu.ec", "uni.edu.ec"),
    ],
)  # fmt: skip
def test_the_portals_names_and_their_parts_clash(public: str, own: str) -> None:
    assert site_names.clash(public) == own


@pytest.mark.parametrize(
    "public", ["ports.example.org", "otherlabs.example.org", "127.0.0.1", "localhost", "203.0.113.7", ""]
)
def test_other_names_do_not(public: str) -> None:
    assert site_names.clash(public) is None


def test_the_scope_of_a_cookie_counts(settings: Any) -> None:
    settings.SESSION_COOKIE_DOMAIN = ".example.org"
    assert site_names.clash("ports.example.org") == "example.org"


def test_every_name_allowed_is_every_name_refused(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert site_names.clash("ports.example.com") == "*"


@pytest.mark.parametrize(
    ("public", "own"),
    [
        ("ports.example.org", "labs.example.org"),
        ("ports.example.com", None),
        ("ports.otra.edu.ec", None),
        ("203.0.113.7", None),
    ],
)
def test_a_shared_domain_is_noticed(public: str, own: str | None) -> None:
    assert site_names.neighbour(public) == own


def test_the_system_check_refuses_and_warns(db: None) -> None:
    for name, host, enabled in [
        ("a", "labs.example.org", True),
        ("b", "ports.example.org", True),
        ("c", "labs.example.org", False),
    ]:
        facts = model_to_dict(make_gateway(), exclude=["id", "name", "public_host", "enabled", "token_hash"])
        Gateway.objects.create(name=name, public_host=host, enabled=enabled, token_hash=name, **facts)
    found = checks.run_checks(tags=[checks.Tags.security], databases=["default"])
    assert [one.id for one in found if (one.id or "").startswith("minga.")] == ["minga.E001", "minga.W001"]


def test_it_does_not_ask_a_database_that_was_not_offered() -> None:
    assert site_names.hosts_apart() == []


def test_prepare_stops_before_it_changes_anything(db: None) -> None:
    make_gateway(public_host="labs.example.org")
    with pytest.raises(CommandError, match="--public-host OTHER-NAME"):
        call_command("prepare")

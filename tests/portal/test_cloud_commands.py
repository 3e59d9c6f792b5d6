"""manage.py check_cloud and setup_cloud, as they are typed. What they look at is in tests/cloud and tests/openstack."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Flavor, Image
from cloud import door
from portal.management import output
from tests.cloud.fake import FakeCloud
from tests.factories import make_gateway

SOON = 60.0  # seconds; a cloud that hears and says nothing is waited for a few times


@pytest.fixture
def fake(db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> FakeCloud:
    settings.IS_OPENSTACK = False
    cloud = FakeCloud()
    for module in ("portal.ops.checks_of_cloud", "portal.management.commands.setup_cloud"):
        monkeypatch.setattr(f"{module}.open_cloud", lambda: cloud)
    return cloud


@pytest.fixture
def mute() -> Iterator[int]:
    """A port that takes calls and never answers: the worst way of being down."""
    with socket.socket() as ear:
        ear.bind(("127.0.0.1", 0))
        ear.listen(50)
        yield int(ear.getsockname()[1])


def point_at(monkeypatch: pytest.MonkeyPatch, settings: Any, port: int) -> None:
    settings.IS_OPENSTACK = True
    monkeypatch.delenv("OS_CLOUD", raising=False)
    names = {"AUTH_URL": f"http://127.0.0.1:{port}/v3", "USERNAME": "portal", "PASSWORD": "x", "PROJECT_NAME": "portal"}
    for name, value in {**names, "USER_DOMAIN_ID": "default", "PROJECT_DOMAIN_ID": "default"}.items():
        monkeypatch.setenv(f"OS_{name}", value)


def test_the_local_cloud_is_told_in_a_few_rows(fake: FakeCloud, capsys: Any) -> None:
    call_command("check_cloud", "--lang", "en")
    out = capsys.readouterr().out
    assert out.count("✓") == 4
    assert "4 right, 0 worth knowing, 0 wrong." in out


def test_a_process_without_the_account_for_consoles_says_who_has_it(
    settings: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.IS_OPENSTACK, settings.LIVE_OS_CLOUD = True, ""
    monkeypatch.setattr("portal.ops.checks_of_cloud.open_consoles", door.open_consoles.__wrapped__)  # not kept
    call_command("check_cloud", "--consoles", "--lang", "en")
    assert "has no account for consoles" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("public", "ok"),
    [
        ("labs.example.org", "wrong"),
        ("ports.example.org", "note"),
        ("ports.example.com", "right"),
        ("127.0.0.1", "right"),
    ],
)
def test_a_gateway_with_a_name_of_the_portals_is_wrong(
    fake: FakeCloud, settings: Any, capsys: Any, public: str, ok: str
) -> None:
    settings.ALLOWED_HOSTS = ["labs.example.org"]
    make_gateway(public_host=public)
    with contextlib.suppress(SystemExit):
        call_command("check_cloud", "--json", "--lang", "en")
    assert [row["ok"] for row in json.loads(capsys.readouterr().out) if row["topic"] == "Names"] == [ok]


def test_a_local_cloud_that_is_away_is_wrong(fake: FakeCloud, capsys: Any) -> None:
    fake.busy = True
    with pytest.raises(SystemExit, match="1"):
        call_command("check_cloud", "--json")
    assert [row["ok"] for row in json.loads(capsys.readouterr().out)] == ["right", "wrong"]


def test_it_speaks_the_language_of_the_terminal(fake: FakeCloud, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", "es_PE.UTF-8")
    call_command("check_cloud")
    assert "Tamaños" in capsys.readouterr().out


@pytest.mark.parametrize(("lang", "chosen"), [("es", "es"), ("es_EC.UTF-8", "es"), ("C.UTF-8", "en"), ("qu_PE", "en")])
def test_an_unknown_language_becomes_english(lang: str, chosen: str) -> None:
    assert output.language(lang) == chosen


def test_rows_are_aligned_and_what_mends_stands_alone() -> None:
    told_lines = list(output.lines("✗", "Clock", "word " * 40, "timedatectl set-ntp true"))
    assert {line[: output.MARK + output.TOPIC].strip() for line in told_lines[1:]} == {""}
    assert told_lines[-1].strip() == "→ timedatectl set-ntp true"


def test_a_cloud_that_is_down_is_told_at_once(db: None, monkeypatch: Any, settings: Any, capsys: Any) -> None:
    point_at(monkeypatch, settings, 1)
    began = time.monotonic()
    with pytest.raises(SystemExit, match="1"):
        call_command("check_cloud", "--lang", "en")
    assert "No answer from http://127.0.0.1:1/v3" in " ".join(capsys.readouterr().out.split())
    assert time.monotonic() - began < SOON / 3


@pytest.mark.slow
def test_a_cloud_that_is_mute_is_told_in_seconds(
    db: None, mute: int, monkeypatch: Any, settings: Any, capsys: Any
) -> None:
    point_at(monkeypatch, settings, mute)
    began = time.monotonic()
    with pytest.raises(SystemExit, match="1"):
        call_command("check_cloud", "--with-guest")
    assert time.monotonic() - began < SOON
    assert "Traceback" not in capsys.readouterr().out


def test_setup_puts_what_the_cloud_has_into_the_catalog(fake: FakeCloud, db: None, capsys: Any) -> None:
    call_command("setup_cloud", "--lang", "en")
    assert (Image.objects.count(), Flavor.objects.count()) == (len(fake.images()), len(fake.flavors()))
    assert not Image.objects.filter(offered=True).exists()


def test_a_dry_run_leaves_the_catalog_alone(fake: FakeCloud, db: None, capsys: Any) -> None:
    call_command("setup_cloud", "--dry-run")
    assert not Image.objects.exists()


def test_an_image_needs_a_name_and_a_login(fake: FakeCloud) -> None:
    with pytest.raises(CommandError, match="all three"):
        call_command("setup_cloud", "--image", "disk.qcow2", "--lang", "en")

"""manage.py gateway."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tunnels.models import Gateway, hash_token


def _make(folder: Path, *more: str, first: str = "20000") -> None:
    (folder / "key.pub").write_text("ssh-ed25519 AAAA\n")
    facts = [
        "--public-host",
        "labs.example.org",
        "--ssh-host",
        "labs.example.org",
        "--first-port",
        first,
        "--last-port",
        "23999",
    ]
    files = ["--host-key-file", str(folder / "key.pub"), "--token-file", str(folder / "token")]
    call_command("gateway", "vps1", *facts, *files, *more, stdout=StringIO())


def test_it_makes_a_gateway_and_its_agents_token(db: None, tmp_path: Path) -> None:
    _make(tmp_path)
    gateway = Gateway.objects.get()
    assert (gateway.public_host, gateway.host_key, gateway.last_port) == (
        "labs.example.org",
        "ssh-ed25519 AAAA",
        23_999,
    )
    assert gateway.token_hash == hash_token((tmp_path / "token").read_text().strip())
    assert (tmp_path / "token").stat().st_mode & 0o077 == 0


def test_it_changes_one_fact_and_leaves_the_others(db: None, tmp_path: Path) -> None:
    _make(tmp_path)
    before = Gateway.objects.get()
    call_command("gateway", "vps1", "--ssh-port", "2222", stdout=StringIO())
    after = Gateway.objects.get()
    assert (after.ssh_port, after.token_hash, after.revision) == (2222, before.token_hash, before.revision + 1)


def test_a_range_turned_round_is_a_sentence(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="The ports must lie"):
        _make(tmp_path, first="24000")


@pytest.mark.parametrize("hosts", [["labs.example.org"], [".example.org"], ["more.labs.example.org"]])
@pytest.mark.parametrize("hsts", [0, 3600])
def test_a_name_that_a_browser_takes_for_the_portals_is_refused(
    db: None, tmp_path: Path, settings: Any, hosts: list[str], hsts: int
) -> None:
    settings.ALLOWED_HOSTS, settings.SECURE_HSTS_SECONDS = hosts, hsts
    with pytest.raises(CommandError, match="a name of its own"):
        _make(tmp_path)
    assert not Gateway.objects.exists()


def test_a_change_to_such_a_name_is_refused_as_well(db: None, tmp_path: Path, settings: Any) -> None:
    _make(tmp_path)
    settings.PORTAL_URL = "https://labs.example.com"
    with pytest.raises(CommandError, match="a name of its own"):
        call_command("gateway", "vps1", "--public-host", "labs.example.com")
    assert Gateway.objects.get().public_host == "labs.example.org"


def test_a_name_beside_the_portals_is_taken_with_a_warning(db: None, tmp_path: Path, settings: Any) -> None:
    settings.ALLOWED_HOSTS, err = ["portal.example.org"], StringIO()
    _make(tmp_path)
    call_command("gateway", "vps1", "--public-host", "ports.example.org", stdout=StringIO(), stderr=err)
    assert "share a domain" in err.getvalue()


def test_what_is_missing_is_named(db: None) -> None:
    with pytest.raises(CommandError, match="public-host"):
        call_command("gateway", "vps1", "--ssh-host", "labs.example.org")

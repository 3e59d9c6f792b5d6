"""The keys that seal second steps, in production: rotated by compose's `manage`, and needed by a backup that is put back."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.conf import settings as configured
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts import second_steps
from accounts.models import User
from tests.cloud.fake import FakeCloud
from tests.pages.second_steps import STEP, code, is_in, recovery_codes, with_app, with_password

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("backup")]


@pytest.fixture
def secret(student: User, settings: Any) -> str:
    """The secret of the student's app, sealed with an old key."""
    settings.SIGN_IN_KEYS = [OLD]
    return with_app(student)


def environment(service: str, env_file: dict[str, str]) -> dict[str, str]:
    """Return what compose gives a service: a name without a value is taken from .env, where that has it."""
    found = {}
    for name, value in COMPOSE[service]["environment"].items():
        if value is None:
            found |= {name: env_file[name]} if name in env_file else {}
        else:
            found[name] = re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}", lambda part: filled(part, env_file), str(value))
    return found


def filled(part: re.Match[str], env_file: dict[str, str]) -> str:
    """Return what compose writes for ${NAME:-default}, or for ${NAME:?sentence}, which must be there."""
    return env_file[part[1]] if part[2] is None else env_file.get(part[1], part[2])


def manage(*command: str, keys: str) -> subprocess.CompletedProcess[str]:
    """Run a command as `docker compose run --rm manage` does, on the database of the tests."""
    env_file = {
        "SECRET_KEY": configured.SECRET_KEY, "ALLOWED_HOSTS": "labs.example.org", "AGENT_ADDRESSES": "192.0.2.1", "SIGN_IN_KEYS": keys,
        "DATABASE_PASSWORD": "x", "REDIS_PASSWORD": "x",
    }  # fmt: skip
    database = urlsplit(configured.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    given = environment("manage", env_file) | {"DATABASE_URL": database, "DB_POOL": "off"}
    keep = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "portal.settings"}  # as the Dockerfile says
    line = [sys.executable, *COMPOSE["manage"]["entrypoint"][1:], *command]
    return subprocess.run(line, cwd=ROOT, env=keep | given, capture_output=True, text=True, timeout=120, check=False)


def lets_in(secret: str) -> bool:
    browser = Client()
    with_password(browser)
    browser.post(STEP, {"code": code(secret)})
    return is_in(browser)


def test_compose_rotates_them(secret: str, student: User, settings: Any) -> None:
    before = recovery_codes(student)
    ran = manage("rotate_sign_in_keys", keys=f"{NEW},{OLD}")
    assert (ran.returncode, ran.stdout) == (0, "2 secrets are sealed with the newest key.\n"), ran.stderr
    settings.SIGN_IN_KEYS = [NEW]  # the old one is dropped
    assert recovery_codes(student) == before
    assert lets_in(secret)


def test_without_the_key_that_sealed_them_it_says_so_and_changes_nothing(secret: str, settings: Any) -> None:
    rows = list(Authenticator.objects.order_by("pk").values_list("data", flat=True))
    ran = manage("rotate_sign_in_keys", keys=NEW)
    assert (ran.returncode, "2 secrets cannot be opened" in ran.stderr) == (1, True), ran.stderr
    assert list(Authenticator.objects.order_by("pk").values_list("data", flat=True)) == rows


def test_a_backup_that_is_put_back_needs_the_keys_of_its_day(
    secret: str, student: User, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.management.commands.restore.open_cloud", FakeCloud)
    file = tmp_path / "minga.tar"
    call_command("backup", str(file))
    assert OLD.encode() not in file.read_bytes()
    settings.SIGN_IN_KEYS = [NEW, OLD]
    second_steps.rotate()
    call_command("restore", str(file), stdout=None)
    settings.SIGN_IN_KEYS = [NEW]
    browser = Client()
    with_password(browser)
    assert "can no longer read your second step" in browser.post(STEP, {"code": code(secret)}).content.decode()
    assert second_steps.rotate() == (0, 2)
    settings.SIGN_IN_KEYS = [NEW, OLD]
    assert second_steps.rotate() == (2, 0)
    settings.SIGN_IN_KEYS = [NEW]
    assert lets_in(secret)

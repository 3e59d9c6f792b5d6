"""Passwords: the tests hash them cheaply, production does not, and never many at once."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.conf import Settings
from django.contrib.auth.hashers import get_hasher, identify_hasher, make_password
from django.db import connection
from django.utils.module_loading import import_string

from accounts import passwords
from accounts.models import User
from lib.cpu_turns import Busy, Turns
from tests.waiting import PATIENCE

PRODUCTION = Settings("portal.settings").PASSWORD_HASHERS


@pytest.fixture
def production(settings: Any) -> None:
    settings.PASSWORD_HASHERS = PRODUCTION


def test_production_hashes_with_argon2id_as_owasp_asks_for() -> None:
    hasher = import_string(PRODUCTION[0])()
    facts = hasher.decode(hasher.encode("minga", hasher.salt()))
    assert (facts["variety"], facts["memory_cost"], facts["time_cost"], facts["parallelism"]) == (
        "argon2id",
        19_456,
        2,
        1,
    )


def test_a_password_from_before_goes_on_working_and_is_hashed_anew(student: User, production: None) -> None:
    hasher = import_string("django.contrib.auth.hashers.PBKDF2PasswordHasher")()
    student.password = hasher.encode("as ever", "salt", iterations=1_000_000)
    assert student.check_password("as ever")
    student.refresh_from_db()
    assert student.password.startswith("argon2$argon2id$")
    assert student.check_password("as ever")


def test_the_tests_hash_cheaply(student: User) -> None:
    assert identify_hasher(student.password).algorithm == get_hasher().algorithm == "md5"


def test_hashing_waits_for_its_turn(production: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    few, other = (Turns(tmp_path / "turns", most=1, seconds=0.05) for _ in range(2))  # as in two processes
    monkeypatch.setattr(passwords, "turns", lambda: few)
    with other.take(), pytest.raises(Busy):
        make_password("minga")
    assert make_password("minga")


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_hashing(student: User, production: None, monkeypatch: pytest.MonkeyPatch) -> None:
    held = []
    real = passwords.hashers.Argon2PasswordHasher.encode
    see = lambda *facts, **more: held.append(connection.connection is not None) or real(*facts, **more)  # noqa: E731
    monkeypatch.setattr(passwords.hashers.Argon2PasswordHasher, "encode", see)
    assert User.objects.exists()
    student.set_password("another")
    assert held == [False]


def test_a_thread_that_has_a_turn_needs_no_second(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "turns", most=1, seconds=0.05)
    with turns.take(), turns.take():
        pass


def test_a_long_line_is_refused_at_once(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "turns", most=1, seconds=PATIENCE, line=0)
    with pytest.raises(Busy):
        turns.take().__enter__()


def test_only_so_many_are_inside_at_once(tmp_path: Path) -> None:
    turns, inside, most = Turns(tmp_path / "turns", most=2, seconds=PATIENCE), [], []

    def one() -> None:
        with turns.take():
            inside.append(1)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (2, 12)


def test_the_turns_of_a_process_that_died_are_free(tmp_path: Path) -> None:
    turns = f"Turns(Path({str(tmp_path / 't')!r}), most=1, seconds=1)"
    code = (
        f"import os; from pathlib import Path; from lib.cpu_turns import Turns; {turns}.take().__enter__(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with Turns(tmp_path / "t", most=1, seconds=0.05).take():
        pass

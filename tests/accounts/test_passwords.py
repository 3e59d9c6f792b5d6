"""Passwords: the tests hash them cheaply, production does not."""

from django.conf import Settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher, get_hasher, identify_hasher
from django.utils.module_loading import import_string

from accounts.models import User


def test_production_hashes_with_a_million_rounds() -> None:
    first = Settings("portal.settings").PASSWORD_HASHERS[0]
    hasher = import_string(first)()
    assert isinstance(hasher, PBKDF2PasswordHasher)
    assert hasher.decode(hasher.encode("minga", hasher.salt()))["iterations"] >= 1_000_000


def test_the_tests_hash_cheaply(student: User) -> None:
    assert identify_hasher(student.password).algorithm == get_hasher().algorithm == "md5"

"""Ids that cannot be: no address breaks on one."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.urls import get_resolver

from tests.portal.callers import Address, Caller
from tests.portal.test_walk import routes

pytestmark = pytest.mark.slow

# What stands in an address instead of an id. A route takes no UUID that is not one.
ODD = {
    "int": ("9" * 30, str(2**31), "0"),
    "slug": ("a" * 5000, "-"),
    "str": ("%00", "%2e%2e%2f", "%ED%A0%80", "a" * 5000),
}
PARAMETER = re.compile(r"<(int|uuid|slug|str):\w+>")


def test_odd_ids_break_nothing(admin: Any) -> None:
    caller = Caller(admin)
    for url in with_odd_ids():
        for method in ("GET", "POST"):
            answer = caller.ask(Address("", url, is_theirs=False), method)
            assert isinstance(answer, tuple) or answer < 500, (url[:200], method, answer)


def with_odd_ids() -> Iterator[str]:
    """Yield each address with a parameter, once with each odd value in all places of its kind."""
    usual = {"int": "1", "uuid": str(uuid4()), "slug": "x", "str": "x"}
    for _name, route in routes(get_resolver().url_patterns):
        for kind in ODD.keys() & set(PARAMETER.findall(route)):
            for value in ODD[kind]:
                here = usual | {kind: value}
                yield PARAMETER.sub(lambda found, here=here: here[found[1]], route)  # type: ignore[misc]

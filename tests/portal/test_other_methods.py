"""Methods that no page and no call of the API is made for, asked of every address: nothing is done, and of others' things nothing is told."""

from typing import Any

import pytest

from tests.portal.callers import Address, Caller
from tests.portal.test_walk import _without
from tests.portal.test_walk import addresses as addresses

pytestmark = pytest.mark.slow
OF_ALLAUTH = "/accounts/"  # its forms take a PUT for a POST
MOVED = {
    "moved",
    "moved-questions",
    "api-machine-files",
}  # lead whatever comes to the address of today, or to the live process


def test_no_address_takes_a_put(addresses: list[Address], admin: Any) -> None:
    caller = Caller(admin)
    for address in addresses:
        status = caller.reply(address, "PUT").status_code
        assert status in (403, 404, 405) or address.name in MOVED or address.url.startswith(OF_ALLAUTH), address


def test_no_other_method_tells_of_what_is_somebody_elses(addresses: list[Address], student2: Any) -> None:
    caller = Caller(student2)
    for address in [each for each in addresses if each.is_theirs]:
        for method in ("HEAD", "PUT", "TRACE"):
            assert caller.ask(address, method) in (404, 405), (address, method)
        assert caller.read(address, "OPTIONS") == caller.read(_without(address), "OPTIONS"), address

"""A machine of somebody whose subscription ended, through the API."""

from typing import Any

from tests.factories import make_machine
from tests.machines.lapsed import ended, nothing_else


def test_the_api_says_why_and_lists_no_verb_that_is_refused(api: Any) -> None:
    machine = make_machine(api.user, state="suspended")
    nothing_else(api.user)
    ended(api.user)
    told = api.ask("GET", f"machines/{machine.pk}/").json()
    assert ("Your subscription ended on" in told["note"], "wake" in told["actions"]) == (True, False)
    refused = api.ask("POST", f"machines/{machine.pk}/wake/")
    assert (refused.status_code, refused.json()["code"]) == (409, "subscription_ended")

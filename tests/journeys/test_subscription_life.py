"""A computer brings a subscription, which carries a machine; it ends, the machine sleeps, and after a renewal it is what it was.

The whole of Minga by its API. Time moves on as far as rows know of it: their times are set back.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.api.giving import PC
from tests.journeys.kinds import on_simulated
from tests.journeys.stack import Person, Stack, wait_for
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, on_simulated]
A_PASS = "from nodes.tasks import follow_subscriptions; follow_subscriptions()"  # comes each minute; nobody waits for it here


class Giving:
    """A donor with an account, an administrator, and the clock of their rows."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.donor, self.office = stack, Person(stack, "donor"), Person(stack, "admin")

    def rows(self, query: str, *given: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.stack.database_url) as database:
            cursor = database.execute(query, given)
            return cursor.fetchall() if cursor.description else []

    def give_a_computer(self) -> None:
        """Offer one, take it in, and let the time to undo that pass."""
        offer = {"name": "Dora", "email": "donor@example.org", "handover": "bring", "computers": [PC]}
        made = self.donor.call("POST", "donations/", json=offer)
        assert made.status_code == 201, made.text
        for step in ("accept", "receive"):
            done = self.office.call("POST", f"donations/{made.json()['number']}/steps/", json={"step": step})
            assert done.status_code < 300, done.text
        self.rows("UPDATE nodes_statechange SET at = at - interval '11 minutes'")

    def subscription(self) -> dict[str, Any]:
        found = self.donor.call("GET", "subscriptions/").json()
        return found[0] if found else {"state": ""}

    def until_it_is(self, state: str) -> None:
        self.stack.django(A_PASS)
        wait_for(lambda: self.subscription()["state"] == state, PATIENCE, f"the subscription is {state}")

    def pass_days(self, days: int) -> None:
        """Let the subscription begin, and its last change be, so many days earlier."""
        earlier = f"interval '{days} days'"
        self.rows(
            f"UPDATE accounts_subscription SET starts_at = starts_at - {earlier}, ends_at = ends_at - {earlier}, "
            f"moved_at = moved_at - {earlier}"
        )
        self.rows(
            f"UPDATE quotas_grant SET starts_at = starts_at - {earlier}, ends_at = ends_at - {earlier} "
            "WHERE source = 'subscription'"
        )

    def until_told(self, mark: str) -> None:
        """Wait for the mail of this moment."""
        query = "SELECT 1 FROM accounts_notice WHERE kind = 'subscription.end' AND arguments ->> 'mark' = %s"
        self.stack.django(A_PASS)
        wait_for(lambda: self.rows(query, mark), PATIENCE, f"the mail of {mark} is written")


@pytest.fixture
def giving(stack: Stack) -> Iterator[Giving]:
    """The demo's donor has a quota by hand, which is put aside meanwhile."""
    found = Giving(stack)
    theirs = "user_id = (SELECT id FROM accounts_user WHERE username = 'donor') AND source = 'hand'"
    found.rows(f"UPDATE quotas_grant SET starts_at = starts_at + interval '1 year' WHERE {theirs}")
    yield found
    found.rows(f"UPDATE quotas_grant SET starts_at = starts_at - interval '1 year' WHERE {theirs}")


def sleeps_and_is_kept(giving: Giving, pk: str) -> None:
    """Sleep at the end, with the reason; waking is refused, a download is not."""
    donor = giving.donor
    asleep = donor.until(pk, "suspended")
    assert (giving.subscription()["state"], "Your subscription ended on" in asleep["note"]) == ("grace", True)
    giving.until_told("grace")
    refused = donor.call("POST", f"machines/{pk}/wake/")
    assert (refused.status_code, refused.json()["code"]) == (409, "subscription_ended")
    copy = f"machines/{pk}/copy/"
    assert donor.call("POST", copy).status_code == 202
    wait_for(lambda: donor.call("GET", copy).json()["state"] == "ready", PATIENCE, "its disk is there")


def test_from_a_computer_to_the_end_and_back(giving: Giving) -> None:
    donor = giving.donor
    giving.give_a_computer()
    giving.until_it_is("active")
    pk = donor.launch(name="chakana")["id"]
    before = donor.until(pk, "running")
    server = giving.stack.servers(pk)[0].id

    giving.pass_days(340)
    giving.until_told("30")
    assert (giving.subscription()["state"], donor.machine(pk)["state"]) == ("ending", "running")
    giving.pass_days(26)
    sleeps_and_is_kept(giving, pk)
    giving.pass_days(31)
    giving.until_told("ended")
    assert (giving.subscription()["state"], donor.machine(pk)["state"]) == ("ended", "suspended")

    number = giving.subscription()["id"]
    assert giving.office.call("POST", f"subscriptions/{number}/renew/", json={"days": 60}).status_code < 300
    assert donor.call("POST", f"machines/{pk}/wake/").status_code == 202
    after = donor.until(pk, "running")
    assert [way["command"] for way in after["access"]] == [way["command"] for way in before["access"]]
    assert [one.id for one in giving.stack.servers(pk)] == [server]
    donor.call("DELETE", f"machines/{pk}/")

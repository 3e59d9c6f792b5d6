"""A project's security group is brought to what it should be, in an order that is never open and never shut."""

from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import requests

from cloud.contract import CloudBusy, CloudGone
from cloud.openstack.egress import Blocked, Rule, WayOut
from cloud.openstack.errors import Conflict
from cloud.openstack.security_groups import SecurityGroups
from cloud.openstack.tenants import Tenants
from tests.cloud.scripted import ScriptedClient, _answer

AGENT, OTHER = "10.0.0.9/32", "10.0.0.8/32"
OPEN = [Rule("egress", "IPv4", None), Rule("egress", "IPv6", None)]
OLD = [Rule("ingress", "IPv4", AGENT), *OPEN]  # as Minga 0.2.0 left it


class Neutron(ScriptedClient):
    """Keeps the rules of one group."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__()
        self.endpoints = []
        self.count = 0
        self.group: dict[str, Any] = {
            "id": "g",
            "project_id": "p",
            "description": "Minga: x",
            "security_group_rules": [],
        }
        self.answers |= {
            "/quotas/p": {"quota": {"security_group_rule": 20}},
            "/security-groups": {"security_groups": [self.group]},
        }
        self.said: list[str] = []
        self._add(rule.row("g", "p") for rule in rules)

    def _add(self, rows: Any) -> None:
        for row in rows:
            self.count += 1
            empty = {"remote_group_id": None, "protocol": None, "port_range_min": None, "port_range_max": None}
            self.group["security_group_rules"].append({**empty, **row, "id": str(self.count)})

    def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
        rows, wish = self.group["security_group_rules"], facts.get("json") or {}
        if method == "POST":
            self.said.append("make")
            allowed = cast("Any", self.answers["/quotas/p"])["quota"]["security_group_rule"]
            if len(rows) + len(wish["security_group_rules"]) > allowed:
                raise Conflict("409 Quota exceeded for resources: ['security_group_rule'].")
            self._add(wish["security_group_rules"])
        elif method == "DELETE":
            row = next((row for row in rows if row["id"] == path.rpartition("/")[2]), None)
            if row is None:
                raise CloudGone("404")
            self.said.append(f"delete {row['direction']}")
            rows.remove(row)
        elif method == "PUT":
            self.answers[path] = wish
        return super().request(service, method, path, **facts) if method == "GET" else _answer({})


def security_groups(client: Neutron, blocked: Sequence[str] | None = ("10.0.0.0/8",), **facts: Any) -> SecurityGroups:
    agents = facts.pop("agents", [AGENT])
    return SecurityGroups(
        cast("Any", client), lambda: agents, WayOut(cast("Any", client), blocked, lambda: agents, lambda: "n"), **facts
    )


@pytest.mark.parametrize(
    "before", [OLD, OPEN, [], [*OLD, Rule("egress", "IPv4", "10.0.0.0/8"), Rule("ingress", "IPv4", OTHER)]]
)
def test_whatever_it_was_it_becomes_what_it_should_be_and_stays(before: list[Rule]) -> None:
    client = Neutron(before)
    kept = security_groups(client)
    kept.keep(client.group)
    client.said.clear()
    kept.keep(client.group)
    assert (kept.are_right(client.group), client.said) == (True, [])
    out = {row["remote_ip_prefix"] for row in client.group["security_group_rules"] if row["direction"] == "egress"}
    assert {"0.0.0.0/5", "11.0.0.0/8", None} <= out


def test_a_group_of_an_older_minga_is_not_right() -> None:
    client = Neutron(OLD)
    assert [security_groups(client).are_right(group) for group in security_groups(client).everywhere()] == [False]


def test_who_gets_in_too_much_goes_first_and_the_way_out_is_never_shut() -> None:
    client = Neutron([*OLD, Rule("ingress", "IPv4", None)])
    security_groups(client).keep(client.group)
    assert client.said == ["delete ingress", "make", "delete egress"]


def test_a_group_of_somebody_else_s_is_left_alone() -> None:
    client = Neutron(OLD)
    client.group["description"] = "the mine of the geologists"
    assert security_groups(client).everywhere() == []


def test_a_project_gets_room_for_more_rules_than_neutron_allows_by_itself() -> None:
    client = Neutron(OLD)
    security_groups(client, ["10.0.0.5/32"]).keep(client.group)
    assert client.said[:2] == ["make", "make"]
    assert client.answers["/quotas/p"] == {"quota": {"security_group_rule": 20 + 32}}


def test_a_rule_that_another_worker_has_deleted_is_no_fault() -> None:
    client = Neutron(OLD)
    seen = {**client.group, "security_group_rules": list(client.group["security_group_rules"])}
    client.group["security_group_rules"].pop(1)
    security_groups(client).keep(seen)
    assert client.said == ["make"]


def test_a_rule_that_is_there_twice_is_kept_once() -> None:
    """A call that Neutron answered too late was made again, and both were done."""
    client = Neutron(OLD)
    kept = security_groups(client)
    kept.keep(client.group)
    once = len(client.group["security_group_rules"])
    client._add([{key: row[key] for key in row if key != "id"} for row in client.group["security_group_rules"]])
    kept.keep(client.group)
    assert (kept.are_right(client.group), len(client.group["security_group_rules"])) == (True, once)


def test_none_opens_it_again() -> None:
    client = Neutron(OLD)
    security_groups(client).keep(client.group)
    security_groups(client, []).keep(client.group)
    assert {row["remote_ip_prefix"] for row in client.group["security_group_rules"]} == {None, AGENT}


def test_while_a_name_server_is_away_the_rules_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Neutron(OLD)
    security_groups(client).keep(client.group)
    unsure = security_groups(client, None)
    monkeypatch.setattr(unsure.way_out, "blocked", lambda: Blocked((), is_sure=False))
    assert unsure.are_right(client.group)


def test_the_digest_changes_with_the_setting_and_with_the_agent() -> None:
    client = Neutron([])
    found = [
        security_groups(client),
        security_groups(client, ["10.0.0.0/9"]),
        security_groups(client, agents=[OTHER]),
        security_groups(client, []),
    ]
    assert len({one.digest for one in found}) == 4


def test_what_a_computer_found_for_itself_does_not_shut_out_another_s_agent() -> None:
    client = Neutron([*OLD, Rule("ingress", "IPv4", OTHER)])
    security_groups(client, [], agents_given=False).keep(client.group)
    assert client.said == []


@pytest.mark.parametrize(
    ("age", "rules", "waits"), [(1, OPEN, True), (1, None, False), (60, OPEN, False), (-60, OPEN, False)]
)
def test_a_group_that_another_worker_is_just_making_is_left_to_it(age: int, rules: Any, waits: bool) -> None:
    client = Neutron(OPEN)
    kept = security_groups(client)
    if rules is None:
        kept.keep(client.group)
    client.group["created_at"] = f"{datetime.now(UTC) - timedelta(seconds=age):%Y-%m-%dT%H:%M:%SZ}"
    client.clock_ahead = 0.5
    with pytest.raises(CloudBusy) if waits else nullcontext():
        Tenants(cast("Any", client), kept).group_of("p")


def test_a_group_that_its_maker_takes_back_meanwhile_is_looked_for_again() -> None:
    class Replaced(Neutron):
        def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
            if method == "POST":
                raise CloudGone("404 Security group g does not exist")
            return super().request(service, method, path, **facts)

    client = Replaced(OPEN)
    with pytest.raises(CloudBusy):
        Tenants(cast("Any", client), security_groups(client)).group_of("p")

"""Keep the security group of a student's project: who may reach its machines, and what these may reach."""

import contextlib
import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import Any

from cloud.contract import CloudGone
from cloud.openstack import paging
from cloud.openstack.client import Client
from cloud.openstack.egress import Rule, WayOut, rule_of
from cloud.openstack.errors import Conflict, body

log = logging.getLogger(__name__)

GROUP = "minga"  # the group's name
GROUP_NOTE = "Minga: lets in the portal's agent only, so that students' machines cannot reach each other."
OURS = "Minga: "  # the first words of a group's description, when we made it
PAGE = 100  # groups asked for at once: each has dozens of rules
OPEN = {Rule("egress", "IPv4", None), Rule("egress", "IPv6", None)}  # what Neutron gives each new group


class SecurityGroups:
    """The rules of all groups. `agents`: the networks (CIDR) that the agent's connections come from."""

    def __init__(
        self, client: Client, agents: Callable[[], list[str]], way_out: WayOut, *, agents_given: bool = True
    ) -> None:
        self.way_out = way_out
        self._client, self._agents = client, agents
        self._agents_given = agents_given  # False: found out by this computer

    @property
    def digest(self) -> str:
        """Return a short digest of what the rules are made from. Makes no call."""
        blocked = sorted(map(str, self.way_out.blocked().networks))
        source = ",".join(sorted(self._agents())) + ";" + ",".join(blocked)
        return hashlib.sha256(source.encode()).hexdigest()[:8]

    def everywhere(self) -> list[dict[str, Any]]:
        """Return the groups of the projects that Minga made or in which it adopted a server."""
        params = {"name": GROUP, "limit": PAGE}
        found = paging.rows(self._client, "network", "/security-groups", "security_groups", params)
        return [group for group in found if str(group.get("description")).startswith(OURS)]

    def are_right(self, group: dict[str, Any]) -> bool:
        return self._differences(group) == (set(), [])

    def keep(self, group: dict[str, Any]) -> None:
        """Correct a group's rules. Deletes what lets in too much first; the way out stays open throughout."""
        missing, surplus = self._differences(group)
        self._delete(row for row in surplus if row["direction"] == "ingress")
        if missing:
            self._make(group, missing)
        self._delete(row for row in surplus if row["direction"] == "egress")

    def keep_all(self, groups: Iterable[dict[str, Any]]) -> None:
        for group in groups:
            self.keep(group)

    def _differences(self, group: dict[str, Any]) -> tuple[set[Rule], list[dict[str, Any]]]:
        """Return the missing rules, and Neutron's rows of the surplus ones."""
        wanted = {Rule("ingress", f"IPv{6 if ':' in cidr else 4}", cidr) for cidr in self._agents()}
        wanted |= self.way_out.rules()
        held = [(row, rule_of(row)) for row in sorted(group["security_group_rules"], key=lambda row: str(row["id"]))]
        missing = wanted - {rule for _row, rule in held}
        # A rule may exist twice: a call whose answer is late is made again, and Neutron may do both.
        twice = [row for at, (row, rule) in enumerate(held) if rule in {before for _row, before in held[:at]} & wanted]
        surplus = twice + [row for row, rule in held if rule not in wanted and self._must_go(row, rule)]
        if self.way_out.blocked().is_sure or {rule for row, rule in held if row["direction"] == "egress"} <= OPEN:
            return missing, surplus
        # The addresses found earlier are better than half of those there are.
        missing = {rule for rule in missing if rule.direction == "ingress"}
        return missing, [row for row in surplus if row["direction"] == "ingress"]

    def _must_go(self, row: dict[str, Any], rule: Rule | None) -> bool:
        """Return whether a surplus rule is deleted. Addresses that a computer found for itself hold only there: they delete no other rules."""
        is_an_agent = rule is not None and rule.protocol is None and rule.prefix is not None
        return row["direction"] == "egress" or self._agents_given or not is_an_agent

    def _make(self, group: dict[str, Any], rules: set[Rule]) -> None:
        rows = [rule.row(group["id"], group["project_id"]) for rule in sorted(rules, key=repr)]
        wish = {"security_group_rules": rows}
        try:
            self._client.request("network", "POST", "/security-group-rules", json=wish)
        except Conflict as error:
            if "quota" not in str(error).lower():
                raise
            self._make_room(group["project_id"], len(rows))
            self._client.request("network", "POST", "/security-group-rules", json=wish)

    def _make_room(self, project: str, more: int) -> None:
        """Raise the project's limit of rules (100 by default) by this many."""
        allowed = body(self._client.request("network", "GET", f"/quotas/{project}"))["quota"]["security_group_rule"]
        wish = {"quota": {"security_group_rule": allowed + more}}
        self._client.request("network", "PUT", f"/quotas/{project}", json=wish)
        log.info("project %s may have %s rules of security groups now", project, allowed + more)

    def _delete(self, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            with contextlib.suppress(CloudGone):  # another worker was faster
                self._client.request("network", "DELETE", f"/security-group-rules/{row['id']}")

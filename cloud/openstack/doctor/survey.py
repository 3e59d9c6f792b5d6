"""Facts that the checks of one run share: the connection, who we are in the cloud, and the settings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cloud.diagnosis import command
from cloud.openstack import cluster, paging
from cloud.openstack.client import Client
from cloud.openstack.egress import WayOut
from cloud.openstack.errors import body, translated
from cloud.openstack.security_groups import SecurityGroups

SECONDS = 6.0  # without a byte: who looks wants an answer, also when it is "no answer"


@dataclass(frozen=True, slots=True)
class Who:
    """The service user, by Keystone's facts."""

    cloud: str
    region: str
    user: str
    user_domain: str
    project: str
    project_domain: str
    roles: tuple[str, ...]

    def role_add(self, role: str) -> str:
        """Return the command that gives the service user a role on its own project."""
        where = ["--project", self.project, "--project-domain", self.project_domain]
        return command("openstack", "role", "add", "--user", self.user, "--user-domain", self.user_domain, *where, role)


@dataclass
class Survey:
    """The facts that checks look at: settings, and the cloud, which is asked for each once. Reading one may raise CloudError."""

    open_client: Callable[[], Client]
    network_wish: str = ""  # OPENSTACK_NETWORK
    agents_wish: Sequence[str] = ()  # AGENT_ADDRESSES
    egress_wish: Sequence[str] | None = None  # GUEST_EGRESS_BLOCKED
    students: int = 0  # how many people the portal knows: each may launch
    users_domain: str | None = None  # KEYSTONE_USERS_DOMAIN; None: no users are made for students
    services: dict[str, str] = field(default_factory=dict)  # those that answered, and the newest version of each
    silent: bool = False  # what was asked last did not answer

    @cached_property
    def client(self) -> Client:
        return self.open_client()

    @cached_property
    def who(self) -> Who:
        """Sign in, once. Return the service user. Raises CloudError."""
        connection: Any = self.client.connection
        with translated():
            access = connection.session.auth.get_access(connection.session)
        config = connection.config
        return Who(
            cloud=config.name or "",
            region=config.get_region_name() or "",
            user=access.username,
            user_domain=access.user_domain_name,
            project=access.project_name or "",
            project_domain=access.project_domain_name or "",
            roles=tuple(sorted(access.role_names)),
        )

    @cached_property
    def network(self) -> dict[str, Any]:
        return cluster.network(self.client, self.network_wish)

    @cached_property
    def agents(self) -> list[str]:
        return list(self.agents_wish) or cluster.own_address(self.client, self.network["id"])

    @cached_property
    def security_groups(self) -> SecurityGroups:
        """Return the security groups as the portal has them."""
        way_out = WayOut(self.client, self.egress_wish, lambda: self.agents, lambda: str(self.network["id"]))
        return SecurityGroups(self.client, lambda: self.agents, way_out, agents_given=bool(self.agents_wish))

    def get(self, service: str, path: str, **params: Any) -> dict[str, Any]:
        """Make a GET call. Return the JSON of a good answer."""
        return body(self.client.request(service, "GET", path, params=params, seconds=SECONDS))

    def rows(self, service: str, path: str, key: str, **params: Any) -> list[dict[str, Any]]:
        """Return a whole list of a service."""
        return paging.rows(self.client, service, path, key, params, seconds=SECONDS)

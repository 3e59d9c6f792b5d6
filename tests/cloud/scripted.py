"""A Client that answers from a script: a healthy cloud, of which a test changes one answer."""

import json
from types import SimpleNamespace
from typing import Any

import requests

from cloud.contract import CloudError
from cloud.openstack.doctor.survey import Survey

FLAVOR = {"id": "f", "name": "small", "vcpus": 1, "ram": 512, "disk": 5}
IMAGE = {
    "id": "i", "name": "debian", "status": "active", "visibility": "public", "owner": "admin", "min_ram": 256, "min_disk": 2,
    "size": 1000, "os_admin_user": "debian",
}  # fmt: skip
HOST = {
    "id": "h", "state": "up", "status": "enabled", "service": {"host": "pc1", "disabled_reason": None}, "vcpus": 4,
    "vcpus_used": 1, "memory_mb": 8000, "memory_mb_used": 1000, "local_gb": 100, "local_gb_used": 5, "running_vms": 1,
}  # fmt: skip
NETWORK = {
    "id": "n", "name": "lab", "shared": True, "subnets": ["s"], "port_security_enabled": True, "mtu": 1500, "admin_state_up": True,
}  # fmt: skip
SUBNET = {"id": "s", "name": "lab-v4", "cidr": "127.0.0.0/24", "gateway_ip": "127.0.0.1", "enable_dhcp": True}
FREE = {"ip_version": 4, "total_ips": 100, "used_ips": 1, "subnet_name": "lab-v4"}
RESOURCES = {
    "VCPU": {"capacity": 8, "used": 1},
    "MEMORY_MB": {"capacity": 8000, "used": 512},
    "DISK_GB": {"capacity": 100, "used": 5},
}
HEALTHY: dict[str, dict[str, Any]] = {
    "/limits": {"limits": {}},
    "/os-quota-sets/p": {"quota_set": {"key_pairs": 5000}},
    "/os-keypairs": {"keypairs": []},
    "/flavors/detail": {"flavors": [FLAVOR]},
    "/images": {"images": [IMAGE]},
    "/os-hypervisors/detail": {"hypervisors": [HOST]},
    "/os-aggregates": {"aggregates": []},
    "/allocation_candidates": {"provider_summaries": {"h": {"resources": RESOURCES}}},
    "/networks": {"networks": [NETWORK]},
    "/subnets": {"subnets": [SUBNET]},
    "/ports": {"ports": []},
    "/security-groups": {"security_groups": []},
    "/network-ip-availabilities/n": {"network_ip_availability": {"subnet_ip_availability": [FREE]}},
    "/os-services": {
        "services": [
            {"binary": "nova-conductor", "host": "a", "state": "up"},
            {"binary": "nova-scheduler", "host": "a", "state": "up"},
        ]
    },
    "/agents": {"agents": [{"alive": True, "agent_type": "DHCP agent", "binary": "neutron-dhcp-agent", "host": "a"}]},
}


class ScriptedClient:
    """`answers`: what a path says, or the error that it raises. `changes`: whatever was not only looked at."""

    project_id, user_id, domain_id = "p", "u", "default"

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any] | CloudError] = dict(HEALTHY)
        self.changes: list[tuple[str, str, Any]] = []
        self.clock_ahead: float | None = 0.2
        self.role_names, self.known_roles = ["admin", "member"], ["member"]
        self.versions: dict[str, Any] = {"compute": (2, 93), "image": (2, 15), "network": (2, 0), "placement": (1, 39)}
        self.auth: dict[str, str] = {"auth_url": "http://keystone/v3", "username": "portal", "password": "x"}
        self.projects_error: CloudError | None = None
        self.users_error: CloudError | None = None
        self.calls: dict[str, int] = {}
        self.domains = ["Students"]
        self.own_projects = ["p"]  # in which it has a role
        self.endpoints = [("identity", "http://10.0.0.2:5000/v3"), ("compute", "http://10.0.0.2:8774/v2.1")]

    def request(self, service: str, method: str, path: str, **facts: Any) -> requests.Response:
        if method != "GET":
            self.changes.append((method, path, facts.get("json")))
            return _answer({})
        said = self.answers[path]
        if isinstance(said, CloudError):
            raise said
        return _answer(said)

    @property
    def connection(self) -> Any:
        access = SimpleNamespace(
            username="portal",
            user_domain_name="Default",
            project_name="service",
            project_domain_name="Default",
            role_names=self.role_names,
        )
        config = SimpleNamespace(name="lab", config={"auth": self.auth}, get_region_name=lambda: "one")
        session = SimpleNamespace(auth=SimpleNamespace(get_access=lambda session: access))
        return SimpleNamespace(config=config, session=session, **{s: self._service(s) for s in self.versions})

    def _service(self, name: str) -> Any:
        newest = self.versions[name]
        told = newest and SimpleNamespace(max_microversion=newest, api_version=newest)
        return SimpleNamespace(get_endpoint_data=lambda: told)

    @property
    def keystone(self) -> Any:
        roles = [SimpleNamespace(name=name) for name in self.known_roles]
        return SimpleNamespace(
            roles=SimpleNamespace(list=lambda name: [role for role in roles if role.name == name]),
            projects=SimpleNamespace(list=self._projects),
            users=SimpleNamespace(list=self._users),
            auth=SimpleNamespace(projects=lambda: [SimpleNamespace(id=one) for one in self.own_projects]),
            domains=SimpleNamespace(list=lambda name: [SimpleNamespace(id=name)] if name in self.domains else []),
        )

    def _projects(self, **_facts: Any) -> list[Any]:
        if self.projects_error:
            raise self.projects_error
        return []

    def _users(self, **_facts: Any) -> list[Any]:
        if self.users_error:
            raise self.users_error
        return []


def survey_of(client: Any, **facts: Any) -> Survey:
    return Survey(lambda: client, **{"agents_wish": ["10.0.0.9/32"], **facts})


def _answer(said: dict[str, Any]) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 200
    answer._content = json.dumps(said).encode()
    return answer

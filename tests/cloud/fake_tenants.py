"""The fake cloud's name, its tenants, and the ports that the agent reaches: cloud.contract.Identity and Networks."""

from cloud.contract import CloudLimit, CloudRefused, Owner, ServerSpec
from tests.cloud.fake_state import FLAVORS, FakeState


class FakeTenants(FakeState):
    kind = "simulated"
    identity = "fake"

    def ensure_quota(self, owner: Owner) -> None:
        with self._call("ensure_quota", owner.key, str(owner.quota)):
            if owner.key in self.tenants:
                self.tenants[owner.key] = owner

    def ensure_rules(self, owner: Owner) -> str:
        with self._call("ensure_rules", owner.key):
            return self.rules_told or owner.tenant

    def ensure_owner_gone(self, owner: Owner) -> None:
        with self._call("ensure_owner_gone", owner.key):
            if any(server.project == project_of(owner) for server in self.living):
                raise CloudRefused("The project is not empty.")
            self.tenants.pop(owner.key, None)

    def ensure_ports(self, server_id: str, ports: frozenset[int]) -> None:
        with self._call("ensure_ports", server_id, ",".join(map(str, sorted(ports)))):
            self._row(server_id).ports = ports

    def _must_be_allowed(self, spec: ServerSpec) -> None:
        """Raise CloudLimit where the owner's quota does not allow it. Every server counts until it is deleted, also asleep."""
        quota = self.tenants.setdefault(spec.owner.key, spec.owner).quota
        sizes = {flavor.id: flavor for flavor in FLAVORS}
        kept = [one.flavor for one in self.living if one.project == project_of(spec.owner) and one.flavor]
        kept.append(sizes[spec.flavor_id])
        taken = (len(kept), sum(flavor.vcpus for flavor in kept), sum(flavor.ram_mb for flavor in kept))
        allowed = (quota.servers, quota.vcpus, quota.ram_mb) if quota else taken
        if any(had > may for had, may in zip(taken, allowed, strict=True)):
            raise CloudLimit("Quota exceeded.")


def project_of(owner: Owner) -> str:
    return f"project-of-{owner.key}"

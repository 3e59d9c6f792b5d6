"""Create servers in students' projects, and repair what a launch finds broken there."""

from typing import Any

from cloud.contract import CloudError, CloudGone, CloudRefused, Server, ServerSpec, Status
from cloud.openstack import nova_servers, userdata
from cloud.openstack.client import HOST_NAMES, Client
from cloud.openstack.errors import NotSignedIn, body
from cloud.openstack.machine_network import MachineNetwork
from cloud.openstack.server_actions import ServerActions
from cloud.openstack.tenants import Tenant, Tenants, keypair_prefix
from lib.names import host_name

# Long: Nova goes on with a launch whose caller gave up, and asking again would make a second server.
CREATE_SECONDS = 40.0


class Launches:
    """Launch new servers: one call each, where project, key and image are in order."""

    def __init__(self, client: Client, network: MachineNetwork, tenants: Tenants, actions: ServerActions) -> None:
        self._client, self._network, self._tenants, self._actions = client, network, tenants, actions

    def launch(self, spec: ServerSpec) -> Server:
        """Create the server. Where the student's project is broken, repair it and try once more."""
        try:
            return self._create(spec)
        except (NotSignedIn, CloudGone, CloudRefused) as error:
            if not self._mend_tenant(spec, error):
                raise
            return self._create(spec)

    def _mend_tenant(self, spec: ServerSpec, error: CloudError) -> bool:
        """Restore a project or group that was deleted, or our role in it. Return False where the error has another reason."""
        if isinstance(error, NotSignedIn):
            self._tenants.forget(spec.owner)
            self._tenants.grant_own_role(self._tenants.of(spec.owner).project)
            return True
        if "security" in str(error).lower():
            self._tenants.forget(spec.owner)
            return True
        return False

    def _create(self, spec: ServerSpec) -> Server:
        tenant = self._tenants.of(spec.owner)
        wish = self._wish(spec, tenant)
        named, version = host_name_of(spec, self._client)
        where: dict[str, Any] = {"project": tenant.project, "version": version, "seconds": CREATE_SECONDS}

        def create() -> str:
            answer = self._client.request("compute", "POST", "/servers", json={"server": {**wish, **named}}, **where)
            return str(body(answer)["server"]["id"])

        if tenant.is_new:  # then their key is new, too: storing it first saves a call that would be refused
            self._actions.keep_keypair(spec)
        server_id = self._actions.retry_mended(spec, tenant.project, create)
        return Server(
            id=server_id,
            machine=spec.machine,
            owner=spec.owner.key,
            name=wish["name"],
            status=Status.BUILDING,
            task="scheduling",
            project=tenant.project,
            tenant=tenant.as_text,
        )

    def _wish(self, spec: ServerSpec, tenant: Tenant) -> dict[str, Any]:
        wish: dict[str, Any] = {
            "name": nova_servers.kept_name(spec.name, spec.machine),
            "flavorRef": spec.flavor_id,
            "imageRef": spec.image_id,
            "networks": [{"uuid": self._network.id}],
            "security_groups": [{"name": tenant.group}],
            "metadata": nova_servers.metadata(spec.machine, spec.owner.key, spec.owner.name, spec.labels),
            "tags": [nova_servers.machine_tag(spec.machine)],
        }
        if spec.public_keys:
            wish["key_name"] = userdata.keypair_name(keypair_prefix(spec.owner), spec.public_keys[0])
        if data := userdata.of_spec(spec, self._network.known_agents()):
            wish["user_data"] = data
        return wish


def host_name_of(spec: ServerSpec, client: Client) -> tuple[dict[str, str], str]:
    """Return the guest's name and the version of Nova that takes it. Nova's own guess keeps an ñ, which Neutron's DNS refuses."""
    if not client.takes_host_names:
        return {}, ""
    return {"hostname": host_name(spec.name, otherwise=f"machine-{spec.machine[:8]}")}, HOST_NAMES

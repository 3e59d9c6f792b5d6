"""A fake cloud that has what the rows say: the servers as they were seen last, and the archives."""

from itertools import count

from cloud.contract import Image, Owner, Server, ServerSpec, Status
from machines.models import Machine
from tests.cloud.fake import FLAVORS, HOST, FakeCloud, Row


def made() -> FakeCloud:
    cloud = FakeCloud()
    cloud._numbers = count(1000)  # new servers have other names than those of before
    for machine in Machine.objects.alive().select_related("owner"):
        if machine.server_id and machine.cloud_status:
            _add(cloud, machine)
        if machine.archive_id:
            cloud.archives[machine.archive_id] = Image(
                machine.archive_id, machine.archive_name, ready=True, size_bytes=1000
            )
    return cloud


def _add(cloud: FakeCloud, machine: Machine) -> None:
    """Add a machine's server. What was under way in the cloud is over, or did not begin; only a build goes on."""
    owner = Owner(str(machine.owner.uuid))
    facts = {"resets": machine.cloud_resets, "restarts": machine.cloud_restarts, "moves": machine.cloud_moves}
    server = Server(
        machine.server_id,
        str(machine.pk),
        owner.key,
        machine.cloud_name,
        Status(machine.cloud_status),
        address=machine.address,
        host=machine.host or HOST,
        fault=machine.cloud_fault,
        project=machine.project,
        flavor=FLAVORS[0],
        **facts,
    )
    spec = ServerSpec(machine=server.machine, owner=owner, name=server.name, flavor_id="tiny", image_id="linux")
    row = cloud._rows[server.id] = Row(server, spec, frozenset())
    if server.status == Status.BUILDING:
        cloud._start(row, "building", {"status": Status.ACTIVE, "host": HOST, "address": "127.127.9.9"})

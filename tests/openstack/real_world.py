"""The life cycle's small world on a real cloud: its clock is everybody's clock, only the agent is played."""

import time

from django.utils import timezone

from accounts.models import User
from catalog.models import Flavor, Image
from cloud.contract import Server
from machines.models import CloudWatch, Event, Machine
from machines.reconcile import sweep
from machines.stepper import worker
from tests.factories import make_machine
from tests.machines.world import World
from tests.openstack.openstack_stage import SETTLE_SECONDS, OpenStackStage

TURN_SECONDS = 1.0  # each turn lists all servers


class RealWorld(World):
    """`turn()` is one pass of everybody's work; between two passes some time goes by."""

    def __init__(self, stage: OpenStackStage, student: User) -> None:
        super().__init__(None, stage.cloud, student)  # type: ignore[arg-type]
        self.stage = stage
        image, flavor = self.template.image, self.template.flavor
        type(image).objects.filter(pk=image.pk).update(cloud_id=stage.image_id)
        size = {"vcpus": 1, "ram_mb": stage.flavor_ram_mb, "disk_gb": 1}
        type(flavor).objects.filter(pk=flavor.pk).update(cloud_id=stage.flavor_id, **size)
        self.template.refresh_from_db()

    def turn(self) -> None:
        CloudWatch.objects.update(next_at=timezone.now())
        sweep.tick(self.stage.cloud)
        for pk in Machine.objects.due(timezone.now()).values_list("pk", flat=True):
            worker.step(pk, self.stage.cloud)
        if self.agent_works:
            self.agent()
        time.sleep(TURN_SECONDS)  # a turn lists all servers, which costs the cloud's processor more than we wait

    def running(self) -> Machine:
        """Return a new machine that is up."""
        return self.until(self.launch(), "running")

    def until(self, machine: Machine, state: str, turns: int = 0) -> Machine:
        """Let time pass until the machine is in `state` and settled there."""
        ends_at = time.monotonic() + SETTLE_SECONDS
        while True:
            is_last = time.monotonic() > ends_at
            machine.refresh_from_db()
            if machine.state == state and machine.is_settled:
                return machine
            assert not is_last, f"still {machine.state} (wanted {machine.wanted}): {machine.note}"
            self.turn()

    def holding(self, server: Server) -> Machine:
        """A machine that has been running on this server."""
        facts = {"server_id": server.id, "address": server.address, "cloud_status": "active", "cloud_name": server.name}
        counts = {"resets_asked": server.resets, "resets_done": server.resets, "restarts_asked": server.restarts}
        return make_machine(self.student, **facts, **counts, restarts_done=server.restarts, ready_at=timezone.now())

    def known_servers(self, machine: Machine) -> list[str]:
        """Return the servers that stay when those that are being deleted are gone."""
        self.stage.settle()
        return [server.id for server in self.stage.servers() if server.machine == str(machine.pk)]

    def history(self, machine: Machine) -> str:
        """Return all that its owner reads."""
        notes = [str(event.note) for event in Event.objects.filter(machine=machine)]
        return "\n".join([*notes, str(machine.note)])

    def boots(self, image_id: str) -> None:
        """The template's machines have this image from now on."""
        Image.objects.filter(pk=self.template.image_id).update(cloud_id=image_id)
        self.template.refresh_from_db()

    def size(self, cloud_id: str, **amounts: int) -> None:
        """The template's machines are of this size from now on."""
        Flavor.objects.filter(pk=self.template.flavor_id).update(cloud_id=cloud_id, **amounts)
        self.template.refresh_from_db()

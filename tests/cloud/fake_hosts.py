"""The fake cloud's sizes, hosts and room: cloud.contract.Hosts."""

from cloud.contract import Flavor, Host, Room, Status
from tests.cloud.fake_state import FLAVORS, HOST, ON_A_HOST, OTHER_HOST, TOTAL, FakeState


class FakeHosts(FakeState):
    def flavors(self) -> list[Flavor]:
        with self._call("flavors"):
            return list(self.sizes)

    def room(self) -> Room:
        with self._call("room"):
            return self._room()

    def has_room(self, flavor: Flavor) -> bool:
        with self._call("has_room", flavor.id):
            return self.thinks_it_has_room or self._room().fits(flavor)

    def hosts(self) -> list[Host]:
        with self._call("hosts"):
            room = self._room()
            taken = (room.vcpus, room.vcpus_used, room.ram_mb, room.ram_mb_used, room.disk_gb, room.disk_gb_used)
            count = {name: sum(server.host == name for server in self.living) for name in (HOST, OTHER_HOST)}
            return [Host(name, True, True, "", *taken, servers=count[name]) for name in (HOST, OTHER_HOST)]

    def ensure_moved(self, server_id: str, number: int) -> None:
        with self._call("ensure_moved", server_id, str(number)):
            row = self._row(server_id)
            if row.server.moves >= number or row.goal == ("moving", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            if row.server.status == Status.ERROR:  # as Nova: switched off first
                return self._start(row, "powering-off", self._if_cured("stop", {"status": Status.STOPPED}))
            other = HOST if row.server.host == OTHER_HOST else OTHER_HOST
            there = other if self.has_other_host else row.server.host
            self._start(row, "moving", {"host": there, "moves": number}, number)

    def _room(self) -> Room:
        if self.full:
            return Room(512, 512, 524288, 524288, 4096, 4096)
        sizes = {flavor.id: flavor for flavor in FLAVORS}
        taken = [sizes[row.spec.flavor_id] for row in self._rows.values() if row.server.status in ON_A_HOST]
        return Room(
            TOTAL["vcpus"],
            sum(flavor.vcpus for flavor in taken),
            TOTAL["ram_mb"],
            sum(flavor.ram_mb for flavor in taken),
            TOTAL["disk_gb"],
            sum(flavor.disk_gb for flavor in taken),
            biggest_host=TOTAL,
        )

    def _fits(self, flavor_id: str) -> bool:
        return self._room().fits(next(flavor for flavor in FLAVORS if flavor.id == flavor_id))

"""The fake cloud's sizes, hosts and room: cloud.contract.Hosts."""

from collections import Counter
from dataclasses import replace

from cloud.contract import CloudGone, CloudRefused, Flavor, Host, Room, Status
from tests.cloud.fake_state import FLAVORS, HOST, ON_A_HOST, TOTAL, FakeState, Row

MEASURES = ("vcpus", "vcpus_used", "ram_mb", "ram_mb_used", "disk_gb", "disk_gb_used")


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
            room = self._all_room()
            measures = {name: getattr(room, name) for name in MEASURES}
            count = Counter(server.host for server in self.living)
            return [replace(each, **measures, servers=count[each.name]) for each in self.computers.values()]

    def loads(self) -> dict[str, tuple[float, float, float]]:
        with self._call("loads"):
            return {each.name: (0.5, 0.25, 0.1) for each in self.computers.values() if each.up}

    def ensure_moved(self, server_id: str, number: int) -> None:
        with self._call("ensure_moved", server_id, str(number)):
            row = self._row(server_id)
            if row.server.moves >= number or row.goal == ("moving", number):
                return
            self._must_be_idle(row)
            self._must_be(row, Status.ACTIVE, Status.STOPPED, Status.ERROR)
            if row.server.status == Status.ERROR:  # as Nova: switched off first
                return self._start(row, "powering-off", self._if_cured("stop", {"status": Status.STOPPED}))
            self._start(row, "moving", {"host": self._another(row), "moves": number}, number)

    def ensure_evacuated(self, server_id: str, number: int) -> None:
        with self._call("ensure_evacuated", server_id, str(number)):
            row = self._row(server_id)
            if row.server.moves >= number or row.goal == ("evacuating", number):
                return
            host = row.server.host
            if host not in self.computers or not self.computers[host].fenced:
                self._must_be_idle(row)
                raise CloudRefused(f"Host {host} is not fenced.")
            if row.server.status == Status.SHELVED:
                raise CloudRefused("It is on no host.")
            there = self._another(row)
            self.left_behind.add(host)
            status = Status.STOPPED if row.server.status == Status.STOPPED else Status.ACTIVE
            end = {"host": there, "status": status, "fault": ""} if there != host else {"status": Status.ERROR}
            self._start(row, "evacuating", {**end, "moves": number}, number)

    def set_host_enabled(self, name: str, enabled: bool, reason: str = "") -> None:
        with self._call("set_host_enabled", name, str(enabled)):
            self._computer(name)
            self.computers[name] = replace(self.computers[name], enabled=enabled, note="" if enabled else reason)

    def set_host_weight(self, name: str, weight: float) -> None:
        with self._call("set_host_weight", name, str(weight)):
            self.computers[name] = replace(self._computer(name), weight=weight)

    def set_host_fenced(self, name: str, fenced: bool) -> None:
        with self._call("set_host_fenced", name, str(fenced)):
            if self._computer(name).fenced == fenced:
                return
            if fenced and self._computer(name).up:
                raise CloudRefused(f"Host {name} is up.")
            if name in self.left_behind:
                raise CloudRefused(f"Host {name} must start first.")
            self.computers[name] = replace(self.computers[name], fenced=fenced, up=not fenced and name not in self.off)

    def _computer(self, name: str) -> Host:
        if name not in self.computers:
            raise CloudGone(f"No host {name}.")
        return self.computers[name]

    def _another(self, row: Row) -> str:
        """Return the host that takes what leaves its own; its own where no other can."""
        own = row.server.host
        free = (one.name for one in self.computers.values() if one.up and one.enabled and one.name != own)
        return next(free, own) if self.has_other_host else own

    def _a_host(self) -> str:
        """Return the host that takes a new server."""
        free = sorted(self.computers.values(), key=lambda one: one.weight, reverse=True)
        return next((one.name for one in free if one.up and one.enabled), HOST)

    def _room(self) -> Room:
        in_service = any(one.up and one.enabled for one in self.computers.values())
        return self._all_room() if in_service else Room(0, 0, 0, 0, 0, 0)

    def _all_room(self) -> Room:
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

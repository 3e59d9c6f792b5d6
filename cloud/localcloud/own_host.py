"""The one computer of the local cloud: its room, and whether it takes new servers."""

from dataclasses import asdict
from typing import Any

from cloud.contract import CloudFull, CloudGone, CloudRefused, Flavor, Room
from cloud.localcloud.rows import HOST
from cloud.localcloud.sizes import Capacity
from cloud.localcloud.store import Store

WHY_DISABLED = "why_disabled"  # kept by the store; '': it takes servers
WEIGHT = "weight"  # kept by the store; '': 1


class OwnHost:
    """The computer on which the local cloud runs. Never fenced: what answers is up."""

    def __init__(self, store: Store, capacity: Capacity) -> None:
        self._store, self._capacity = store, capacity

    def room(self) -> dict[str, Any]:
        """Return contract.Room: of the one host, or nothing while it takes no servers."""
        if self._why_disabled:
            return dict.fromkeys(self._measures(), 0)
        return {**self._measures(), "biggest_host": asdict(self._capacity)}

    def as_contract(self) -> dict[str, Any]:
        """Return contract.Host, but for the time."""
        return {
            "name": HOST,
            "up": True,
            "enabled": not self._why_disabled,
            "note": self._why_disabled,
            "weight": float(self._store.meta(WEIGHT) or 1),
            "servers": sum(bool(row.host) for row in self._store.living),
            **self._measures(),
        }

    def change(self, name: str, wish: dict[str, Any]) -> None:
        """Write what contract.Hosts may set: enabled (with reason), fenced, weight."""
        if name != HOST:
            raise CloudGone(f"There is no computer {name}.")
        if wish.get("fenced"):
            raise CloudRefused(f"Host {HOST} is up: it carries the local cloud itself.")
        if "enabled" in wish:
            self._store.set_meta(WHY_DISABLED, "" if wish["enabled"] else wish["reason"][:255] or "–")

        if "weight" in wish:
            self._store.set_meta(WEIGHT, str(float(wish["weight"])))

    def must_fit(self, flavor: Flavor) -> None:
        if not Room(**self.room()).fits(flavor):
            raise CloudFull("No valid host was found.")

    @property
    def _why_disabled(self) -> str:
        return self._store.meta(WHY_DISABLED)

    def _measures(self) -> dict[str, Any]:
        """Return the first six fields of contract.Room."""
        used = [row for row in self._store.living if row.host]
        return {
            "vcpus": self._capacity.vcpus,
            "vcpus_used": sum(row.vcpus for row in used),
            "ram_mb": self._capacity.ram_mb,
            "ram_mb_used": sum(row.ram_mb for row in used),
            "disk_gb": self._capacity.disk_gb,
            "disk_gb_used": sum(row.disk_gb for row in used),
        }

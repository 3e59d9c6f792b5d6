"""Find where servers are reached: at the address that Neutron gave each of them in the machines' network.

A student may make a network of the same name and range as the machines', and put a server of theirs on it. Nova's lists then show
an address of the student's choice, with a MAC of their choice, under the name that we expect. So names and ranges decide nothing
here: an address counts if Neutron has a port with it in the network of our id, for this server.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from cloud.contract import CloudError
from cloud.openstack import paging
from cloud.openstack.client import Client
from cloud.openstack.nova_servers import GONE, PREFIX
from lib import seldom

log = logging.getLogger(__name__)
AT_ONCE = 100  # servers in one question: more would not fit into an address of 8 KB
ASK_SECONDS = 10.0  # a list of servers waits for the answer
KEEP_SECONDS = 300.0  # for so long an answer counts, while Nova shows the same addresses
MOST = 20_000  # servers remembered; beyond that all are forgotten and asked for again
SILENT = "addresses of servers"  # key of the warnings about a silent Neutron

Row = dict[str, Any]
# (address, MAC) of each fixed address that Nova shows, sorted; two alike count twice.
Seen = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Neutron's answer about a server."""

    seen: Seen  # what Nova showed when Neutron was asked
    address: str  # '': none of them is the server's in the machines' network
    at: float

    def holds(self, seen: Seen) -> bool:
        return self.seen == seen and time.monotonic() - self.at < KEEP_SECONDS


class Addresses:
    """The addresses of servers in the machines' network. A server that shows the same as before costs no call for five minutes."""

    def __init__(self, client: Client, network_id: Callable[[], str]) -> None:
        self._client, self._network_id = client, network_id
        self._known: dict[str, Known] = {}  # by server
        self._holders: dict[str, str] = {}  # server by address: in one network an address is one port's

    def of(self, rows: Sequence[Row]) -> dict[str, str | None]:
        """Return each server's address by its id. '': it has none in the machines' network; None: not known now."""
        shown = {row["id"]: seen_in(row) for row in rows}
        wanted = {key: seen for key, seen in shown.items() if seen}
        if self._ask(wanted):
            self._ask(wanted)  # about those whose address turned out to be another's by now
        found = {key: self._known.get(key) for key in wanted}
        self._warn(rows, found)
        known = {key: one.address if one and one.seen == wanted[key] else None for key, one in found.items()}
        return {key: None if seen is None else known.get(key, "") for key, seen in shown.items()}

    def _ask(self, wanted: dict[str, Seen]) -> bool:
        """Ask Neutron about servers that show something new, or were asked about long ago. False: it is silent, which changes nothing."""
        due = [key for key, seen in wanted.items() if not ((known := self._known.get(key)) and known.holds(seen))]
        if len(self._known) > MOST:
            self._known, self._holders = {}, {}
        try:
            for start in range(0, len(due), AT_ONCE):
                some = {key: wanted[key] for key in due[start : start + AT_ONCE]}
                self._learn(some, self._ports(list(some)))
        except CloudError as error:
            seldom.warning(log, SILENT, "it is not known which addresses belong to the machines' network: %s", error)
            return False
        return True

    def _ports(self, servers: list[str]) -> list[Row]:
        fields = ["device_id", "network_id", "mac_address", "fixed_ips"]
        params = {"network_id": self._network_id(), "device_id": servers, "fields": fields}
        rows = paging.rows(self._client, "network", "/ports", "ports", params, seconds=ASK_SECONDS)
        return [row for row in rows if row["network_id"] == params["network_id"]]

    def _learn(self, servers: dict[str, Seen], ports: list[Row]) -> None:
        given: dict[str, set[tuple[str, str]]] = {}
        for port in ports:
            pairs = {(str(ip_address(one["ip_address"])), port["mac_address"].lower()) for one in port["fixed_ips"]}
            given.setdefault(port["device_id"], set()).update(pairs)
        for key, seen in servers.items():
            address = _first(given.get(key, set()).intersection(seen))
            if address and (before := self._holders.get(address, key)) != key:
                self._known.pop(before, None)
            if address:
                self._holders[address] = key
            self._known[key] = Known(seen, address, time.monotonic())

    def _warn(self, rows: Sequence[Row], found: dict[str, Known | None]) -> None:
        """Tell the log of machines whose server runs and shows addresses of other networks only.

        Nova goes on showing the addresses of a server that is being deleted when its ports are gone.
        """
        for row in rows:
            known = (
                found.get(row["id"]) if row.get("status") == "ACTIVE" and not row.get("OS-EXT-STS:task_state") else None
            )
            if known and not known.address and f"{PREFIX}machine" in (row.get("metadata") or {}):
                addresses = ", ".join(sorted(address for address, _mac in known.seen))
                text = "server %s (%s) has no port in the machines' network; not reached at: %s"
                facts = row["id"], row.get("name"), addresses
                seldom.warning(log, f"address {row['id']}", text, *facts, memory=seldom.OWN)


def seen_in(row: Row) -> Seen | None:
    """Return the fixed addresses of a server as Nova's row shows them; None for a row that cannot be read."""
    if row.get("status") in GONE:  # its ports are gone as well
        return ()
    try:
        return tuple(sorted(_fixed(row)))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _fixed(row: Row) -> Iterator[tuple[str, str]]:
    for entries in (row.get("addresses") or {}).values():
        for entry in entries:
            if entry.get("OS-EXT-IPS:type", "fixed") == "fixed":
                yield str(ip_address(entry["addr"])), entry["OS-EXT-IPS-MAC:mac_addr"].lower()


def _first(pairs: Iterable[tuple[str, str]]) -> str:
    """Return one address, IPv4 before IPv6."""
    found = sorted((ip_address(address).version, address) for address, _mac in pairs)
    return found[0][1] if found else ""

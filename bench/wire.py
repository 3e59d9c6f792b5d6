"""Read the calls of the cloud, by service and verb: counted where the clients write their requests (bench/wiretap)."""

import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import openstack

SERVICES = ("identity", "compute", "network", "image", "placement")
TAP = Path(__file__).resolve().parent / "wiretap"
AN_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}|(?<=/os-keypairs/)[^/]+")
VERSION = re.compile(r"^/v\d+(\.\d+)?(?=/|$)")


class Wiretap:
    """The calls of all processes that were started with `environment`, in one file."""

    def __init__(self, file: Path, cloud: openstack.connection.Connection) -> None:
        self.file = file
        file.touch()
        self.services: dict[int, str] = {}
        for service in SERVICES:
            address = urlsplit(cloud.endpoint_for(service))
            self.services[address.port or 443] = service
        if len(self.services) < len(SERVICES):
            print("The cloud's services share a port: calls are counted together.")

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join([str(TAP), *filter(None, [os.environ.get("PYTHONPATH")])])
        return {"PYTHONPATH": path, "MINGA_WIRETAP": str(self.file)}

    def mark(self) -> int:
        """Return the place in the file that stands for now."""
        return self.file.stat().st_size

    def between(self, start: int, end: int | None = None) -> Counter[str]:
        """Count the calls between two places, by their kind: "compute POST /servers"."""
        text = self.file.read_bytes()[start:end].decode()
        calls = (line.split(" ", 4)[2:] for line in text.splitlines())
        return Counter(
            f"{self.services[int(port)]} {kind(verb, url)}" for port, verb, url in calls if int(port) in self.services
        )


def kind(verb: str, url: str) -> str:
    """Return the call without what differs from one to the next; of lists, what is asked for."""
    path, _mark, query = url.partition("?")
    path = AN_ID.sub("{id}", VERSION.sub("", path)) or "/"
    asked = next((word for word in ("changes-since", "tags", "status", "limit=1&", "name") if word in query), "")
    return f"{verb} {path}" + (f" ({asked.partition('=')[0]})" if asked else "")


def table(columns: dict[str, Counter[str]], each: int) -> str:
    """Return a table of calls for each machine, one column for each thing measured; the most frequent stand first."""
    calls = sorted(set().union(*columns.values()), key=lambda call: -max(c[call] for c in columns.values()))
    lines = [f"    {'calls for each machine':<58}" + "".join(f"{name:>12}" for name in columns)]
    for call in calls:
        lines.append(f"    {call:<58}" + "".join(f"{c[call] / each:>12.2f}" for c in columns.values()))
    lines.append(f"    {'all':<58}" + "".join(f"{c.total() / each:>12.2f}" for c in columns.values()))
    return "\n".join(lines)

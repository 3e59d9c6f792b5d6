"""Find out why a server is in ERROR, where the list of servers does not say.

Nova's list reads the faults of one of its databases only. Depending on the cloud's setup it lacks those of servers for which no
host was found, or those of all others. A question for one server is always answered.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cloud.contract import CloudError
from cloud.openstack.client import Client
from cloud.openstack.errors import body
from cloud.openstack.nova_servers import PREFIX

AT_ONCE = 8
TRIES = 5  # lists in which a missing fault is asked for again; an administrator's reset to ERROR has none
MOST = 2000  # faults remembered; beyond that all are forgotten and asked for again


class Faults:
    """The faults of our servers in ERROR, each asked for once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        self._tries: dict[tuple[str, str], int] = {}

    def fill(self, rows: list[dict[str, Any]]) -> None:
        """Put the faults into the rows that lack them."""
        broken = [row for row in rows if row.get("status") == "ERROR" and not row.get("fault") and _is_ours(row)]
        if not broken:
            return
        if len(self._tries) > MOST:
            self._known, self._tries = {}, {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for row, fault in zip(broken, pool.map(self._of, broken), strict=True):
                row["fault"] = fault

    def _of(self, row: dict[str, Any]) -> dict[str, Any]:
        key = row["id"], row["updated"]
        if key in self._known or self._tries.get(key, 0) >= TRIES:
            return self._known.get(key, {})
        self._tries[key] = self._tries.get(key, 0) + 1
        try:
            fault = body(self._client.request("compute", "GET", f"/servers/{row['id']}"))["server"].get("fault") or {}
        except CloudError:
            return {}
        if fault:
            self._known[key] = fault
        return dict(fault)


def _is_ours(row: dict[str, Any]) -> bool:
    return f"{PREFIX}machine" in (row.get("metadata") or {})

"""Repair a broken server, or move it to another host: power cut, rescue, cold migration.

Nova writes no metadata of a server that is in ERROR, being rescued or moved. So we count in Nova's own history of the server, and
write the number down as soon as the server is well: see ServerActions.restart.
"""

from typing import Any

from cloud.contract import CloudRefused
from cloud.openstack.errors import Conflict
from cloud.openstack.nova_servers import PREFIX, number_of
from cloud.openstack.server_actions import OUR_REBOOTS, ServerActions

HARD = ("rebooting_hard", "reboot_pending_hard", "reboot_started_hard")
SOFT = ("rebooting", "reboot_pending", "reboot_started")
MOVING = ("RESIZE", "MIGRATING")
OUR_MOVES = f"{PREFIX}migrations"  # of Nova's history, how many were ours when `moves` was written down


class Repairs:
    """Repairs, made as the service user: rescue and migrate are for administrators."""

    def __init__(self, actions: ServerActions) -> None:
        self._actions = actions

    def restart_hard(self, server_id: str, number: int) -> None:
        row = self._actions.get(server_id)
        task = row["OS-EXT-STS:task_state"] or ""
        if _done(row, "restarts") >= number or task in HARD:
            return
        if task not in SOFT:
            self._actions.must_be_idle(row)
            if row["status"] == "ACTIVE" and self._was_done(row, "reboot", OUR_REBOOTS, "restarts", number):
                return
        self._act(server_id, "reboot", {"type": "HARD"}, "restarted")

    def rescue(self, server_id: str) -> None:
        row = self._actions.get(server_id)
        if row["status"] == "RESCUE" or row["OS-EXT-STS:task_state"] == "rescuing":
            return
        self._actions.must_be_idle(row)
        self._act(server_id, "rescue", {}, "rescued")

    def move(self, server_id: str, number: int) -> None:
        """Take one step of a move: stop a server in ERROR, migrate, confirm, write the number down."""
        row = self._actions.get(server_id)
        task, status = row["OS-EXT-STS:task_state"] or "", row["status"]
        if _done(row, "moves") >= number or status in MOVING or task.startswith("resize"):
            return
        self._actions.must_be_idle(row)
        if status == "VERIFY_RESIZE":
            self._act(server_id, "confirmResize", None, "moved")
        elif status == "ERROR":
            self._actions.stop(server_id)
        elif status not in ("ACTIVE", "SHUTOFF"):
            raise CloudRefused(f"A server that is {status} cannot be moved.")
        elif not self._was_done(row, "migrate", OUR_MOVES, "moves", number):
            self._act(server_id, "migrate", None, "moved")

    def _was_done(self, row: dict[str, Any], action: str, counter: str, name: str, number: int) -> bool:
        """Return whether the history has one more move of ours than is written down, and write that down."""
        count = self._actions.our_count(row["id"], action)
        if count <= number_of((row.get("metadata") or {}).get(counter)):
            return False
        self._actions.write_metadata(row["id"], {f"{PREFIX}{name}": str(number), counter: str(count)})
        return True

    def _act(self, server_id: str, action: str, facts: Any, word: str) -> None:
        try:
            self._actions.act(server_id, action, facts)
        except Conflict as error:
            row = self._actions.get(server_id)
            self._actions.must_be_idle(row)
            raise CloudRefused(f"A server that is {row['status']} cannot be {word}: {error}") from error


def _done(row: dict[str, Any], name: str) -> int:
    return number_of((row.get("metadata") or {}).get(f"{PREFIX}{name}"))

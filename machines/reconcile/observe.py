"""Compare a server of the cloud's list with its machine's row: one pure function. machines.reconcile.sweep writes the result."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop as _

from cloud.contract import Server, Status
from lib.names import made_clean
from lib.notes import Note
from machines.models import Machine
from machines.states import State, Wanted

RESET = _("Somebody reset it on the cluster itself.")
COUNTED = ("resets", "restarts", "moves")
# Columns of actions. They are written only while they are as they were when the list was compared with them.
OF_ACTIONS = {"name", "name_key", *(f"{kind}_{end}" for kind in COUNTED for end in ("asked", "done"))}
WELL = (Status.ACTIVE, Status.SUSPENDED, Status.SHELVED)


@dataclass(frozen=True, slots=True)
class Observation:
    """Changes to one machine's row, and whether the machine may follow its server."""

    columns: dict[str, Any] = field(default_factory=dict)  # empty: the row says it all already
    notes: tuple[Note, ...] = ()  # lines of its history
    new_name: str = ""  # given on the cluster; a number is added where its owner has such a machine already
    follow: bool = True  # a settled machine follows its server (machines.reconcile.drift)
    is_dark: bool = False  # the cloud cannot see the server: what was known stays
    is_lost: bool = False  # the server was deleted, not by us: only a whole list shows whether another has its tag


def observe(machine: Machine, server: Server | None, at: datetime) -> Observation:
    """Return what a list that began `at` says of this machine; server None: a whole list has no server of it.

    Pure: reads neither the database nor the clock.
    """
    if server is None:
        return Observation(_with_retry(machine, {"observed_at": at, "cloud_status": Status.DELETED, "cloud_task": ""}))
    if server.status == Status.UNKNOWN:
        return Observation(follow=False, is_dark=True)
    if machine.held_at:
        return Observation(follow=False)
    if server.status == Status.DELETED and not machine.should_be_deleted:
        return Observation(follow=False, is_lost=True)
    columns, ahead, new_name = status_columns(server, at), _ahead(machine, server), _new_name(machine, server)
    if not ahead and not new_name and machine.is_fresh and not _is_news(machine, columns):
        return Observation()
    return Observation({**_with_retry(machine, columns), **ahead}, _notes(machine, server), new_name)


def status_columns(server: Server, at: datetime) -> dict[str, Any]:
    """Return the columns that repeat what the cloud says of a server, as of `at` (our clock)."""
    return {
        "observed_at": at,
        "cloud_name": server.name[:255],
        "cloud_status": server.status,
        "cloud_task": server.task[:40],
        "cloud_fault": server.fault,
        "cloud_full": server.full,
        "cloud_moves": server.moves,
        "cloud_resets": server.resets,
        "cloud_restarts": server.restarts,
        "address": server.address,
        "port_map": {str(k): v for k, v in server.port_map.items()},
        "host": server.host,
        "project": server.project,
    }


def _is_news(machine: Machine, columns: dict[str, Any]) -> bool:
    return any(getattr(machine, name) != value for name, value in columns.items() if name != "observed_at")


def _with_retry(machine: Machine, columns: dict[str, Any]) -> dict[str, Any]:
    """Add when the next step is due: at once where it waited for these news; else its time stays."""
    status, task = columns["cloud_status"], columns["cloud_task"]
    if machine.state == State.FAILED:  # well after all: pick it up again
        is_well = status in WELL and not task and status != machine.cloud_status
        again = {"retry_at": columns["observed_at"], "enqueued_at": None}
        return {**columns, **again} if is_well and machine.wanted != Wanted.GONE else columns
    # A step that backs off keeps its time; so does one that can do nothing while the cloud is at the same task.
    is_at_it = bool(task) and status == machine.cloud_status
    return columns if machine.cloud_errors or is_at_it else {**columns, "retry_at": None, "enqueued_at": None}


def _ahead(machine: Machine, server: Server) -> dict[str, Any]:
    """Take counters that are ahead of ours (our database is an older one) over as done, so that nothing is done twice."""
    ahead: dict[str, Any] = {}
    for kind in COUNTED:
        if (count := getattr(server, kind)) > getattr(machine, f"{kind}_asked"):
            ahead |= dict.fromkeys((f"{kind}_asked", f"{kind}_done"), count)
    return ahead


def _new_name(machine: Machine, server: Server) -> str:
    """Return the name of a server that was renamed by hand; "" where none is new, or a name of ours is on its way there."""
    if not machine.cloud_name or machine.cloud_name == server.name[:255] or machine.names_asked != machine.names_done:
        return ""
    new = made_clean(server.name)
    return "" if new == machine.name else new


def _notes(machine: Machine, server: Server) -> tuple[Note, ...]:
    begins = server.task.startswith("rebuild") and not machine.cloud_task.startswith("rebuild")
    return (Note(RESET),) if begins and machine.state == State.RUNNING and machine.is_settled else ()

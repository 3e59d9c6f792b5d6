"""The door to the shell of a machine: the way to its SSH, the portal's key for it, and the host key that it must show. Asks the database."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts.audit.trail import asked_from
from lib import ed25519
from lib.notes import Note, Refusal
from machines import host_keys, key_faults, portal_keys, sealing, ssh_ways
from machines.host_keys import Disk, disk_of
from machines.key_faults import KeyFault
from machines.models import Machine, PortalKey
from machines.ssh_contact import Guest
from portal.audited import note_use
from portal.live import dial_door
from portal.live.entry import Entry

if TYPE_CHECKING:
    import asyncssh

STARTS_FOR = timedelta(minutes=10)  # a guest may be called running before its sshd listens
_OTHER_HOST_KEY = _(
    "Its SSH shows another host key than the one that Minga knows (%(shown)s): its system was installed anew, or something "
    "else answers in its place. Nothing was sent there. If you changed it yourself, ask an administrator to accept the new key."
)


class NotOpened(Refusal):
    """No connection to the machine's SSH. `again`: trying again in some seconds may help, which its status says to programs."""

    def __init__(self, code: str, note: Note, *, again: bool = False) -> None:
        super().__init__(note.text, note.args, code=code, status=503 if again else 0)
        self.again = again


@dataclass(frozen=True, slots=True)
class WayIn:
    """All that is needed to sign in at a machine once, within some seconds. `guest.host_key` is '' at the first contact."""

    guest: Guest
    disk: Disk
    key: "asyncssh.SSHKey"
    row: PortalKey
    was_refused: bool  # it showed another host key when it was last asked
    may_start: bool  # it is up so lately that it may not listen yet


def way_in(entry: Entry, machine_id: UUID) -> WayIn:
    """Return the way into a machine for a person. Raises NotOpened, what dial_door.theirs raises, and AgentAway."""
    person, machine = dial_door.theirs(entry, machine_id)
    if fault := key_faults.not_now(machine):
        raise _not_opened(fault)
    row = portal_keys.of(machine)
    if row is None or not row.public_key:
        raise _not_opened(key_faults.by_hand(machine))
    key = _private_key(row)
    known = host_keys.known([machine.pk]).get(machine.pk)
    guest = Guest(ssh_ways.way_to_ssh(machine, by=person), machine.ssh_user, known.key if known else "")
    with asked_from(entry.address):
        note_use(machine, "connect", by=person)
    may_start = timezone.now() - machine.state_since < STARTS_FOR
    return WayIn(guest, disk_of(machine), key, row, bool(known and known.refused_key), may_start)


def _private_key(row: PortalKey) -> "asyncssh.SSHKey":
    try:
        return portal_keys.private_key(row)
    except sealing.NoKeys:
        raise _not_opened(key_faults.NO_SITE_KEY) from None
    except sealing.Unreadable:
        raise _not_opened(key_faults.UNREADABLE) from None


def _not_opened(fault: KeyFault) -> NotOpened:
    return NotOpened(fault.code, fault.note, again=fault.again or fault.young)


def let_in(way: WayIn) -> None:
    """Note that the guest let us in and showed its key, where that is news."""
    if not way.row.put_in_at:
        portal_keys.has_let_in(way.row)
    if way.was_refused:
        host_keys.shown_again([way.disk.machine])


def kept_out(way: WayIn) -> NotOpened:
    """Return why the guest did not take the portal's key."""
    machine = Machine.objects.select_related("owner").get(pk=way.disk.machine)
    return _not_opened(key_faults.refused(machine, way.row))


def other_host_key(way: WayIn, shown: str) -> NotOpened:
    """Note that the guest showed another host key, and return what that means."""
    if not host_keys.refuse(way.disk, shown):  # its disk is another one meanwhile
        return unreachable()
    return NotOpened("host_key", Note(_OTHER_HOST_KEY, {"shown": ed25519.fingerprint(shown)}))


def unreachable(way: WayIn | None = None) -> NotOpened:
    """Return that the guest's SSH does not answer; of a way into one that may still be starting, that it does not yet."""
    return _not_opened(key_faults.STARTING if way and way.may_start else key_faults.UNREACHABLE)

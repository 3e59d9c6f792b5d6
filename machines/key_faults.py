"""Reasons why a key cannot be put into a machine or taken out of it, and what its owner can do: a code and a sentence."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop as _

from lib.notes import Note
from machines import portal_keys, sealing
from machines.host_keys import disk_of
from machines.models import Machine, PortalKey
from machines.rules import NOT_NOW
from machines.states import State, Wanted

# A guest puts the portal's key in at the end of its first boot, when its ssh has been answering for a while (ADR 54). At least so
# long: cloud-init may not show on its console.
FIRST_BOOT = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class KeyFault:
    """`again`: it may pass in a moment, so it is tried again first. `young`: tried again until the first boot is over."""

    code: str
    note: Note
    again: bool = False
    young: bool = False


HELD = KeyFault(
    "held",
    Note(_("It is being compared with the cluster after a restore. Try again in some minutes.")),
)
NO_SITE_KEY = KeyFault(
    "no_site_key",
    Note(
        _(
            "This site gives Minga no keys for machines, so only you can put it in: copy its public half into "
            "~/.ssh/authorized_keys there. Or ask an administrator to set MACHINE_KEYS_FILE."
        )
    ),
)
UNREADABLE = KeyFault(
    "unreadable",
    Note(
        _(
            "Minga can no longer read the key that it has for this machine. Tell an administrator; a reset brings a new one."
        )
    ),
)
HOST_KEY = KeyFault(
    "host_key",
    Note(
        _("Its SSH shows another host key than the one that Minga knows, so nothing was sent there. See its history.")
    ),
)
UNREACHABLE = KeyFault(
    "unreachable",
    Note(_("Its SSH does not answer. See whether it runs and lets you in, then try again; a restart may help.")),
    again=True,
)
STARTING = KeyFault(
    "unreachable",
    Note(_("Its SSH does not answer yet: the machine may still be starting. On a slow computer that takes minutes.")),
    again=True,
)
KEY_DELETED = KeyFault("key_deleted", Note(_("The key was removed from your list before it could be put in.")))
_ADD_BY_HAND = _(
    "Minga has no key of its own in this machine. Add this line to ~/.ssh/authorized_keys there and try again, or reset the machine: %(line)s"
)
_REFUSED = _(
    "The machine does not let Minga in: its line is not in ~/.ssh/authorized_keys any more. Add it again and try again, or reset the machine: %(line)s"
)
_NOT_TAKEN = _("The machine did not change its keys: %(why)s")
_WITHOUT_WORDS = _("The machine did not change its keys, and does not say why.")


def not_now(machine: Machine) -> KeyFault | None:
    """Return why nothing can be done in a machine as it is; None while it runs."""
    if machine.held_at:
        return HELD
    if machine.state != State.RUNNING:
        return KeyFault("not_running", Note(NOT_NOW[State(machine.state)]))
    if machine.wanted != Wanted.RUNNING:
        leaving = State.DELETING if machine.wanted == Wanted.GONE else State.SUSPENDING
        return KeyFault("not_running", Note(NOT_NOW[leaving]))
    return None


def by_hand(machine: Machine) -> KeyFault:
    """Return what to do where the portal has no key: a line to add by hand, which is made for it."""
    try:
        return KeyFault("no_portal_key", Note(_ADD_BY_HAND, {"line": portal_keys.offer(disk_of(machine))}))
    except sealing.NoKeys:
        return NO_SITE_KEY


def refused(machine: Machine, row: PortalKey) -> KeyFault:
    """Return the fault of a guest that does not know the portal's key any more, or, in its first boot, perhaps not yet."""
    if row.put_in_at is None:
        return by_hand(machine)
    line = portal_keys.line_of(row)
    return KeyFault("refused", Note(_REFUSED, {"line": line}), young=_is_in_first_boot(machine, row.put_in_at))


def _is_in_first_boot(machine: Machine, given_at: datetime) -> bool:
    """Say whether the guest may still be in the first boot of its disk. That of a slow computer takes as long as its console is looked at."""
    return timezone.now() - given_at < FIRST_BOOT or machine.setup_next_at is not None


def not_taken(why: str) -> KeyFault:
    """Return the fault of a guest that let the portal in and did not do it, with its own words."""
    return KeyFault("not_taken", Note(_NOT_TAKEN, {"why": why}) if why else Note(_WITHOUT_WORDS))

"""The keys in a machine as its page shows them: of its owner, and the portal's own."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import SshKey, User
from machines import installed_keys, key_changes, portal_keys
from machines.models import InstalledKey, KeyChange, Machine, PortalKey
from machines.states import State, Wanted
from portal import access


@dataclass(frozen=True, slots=True)
class KeyInMachine:
    """A key of the owner's and a machine: whether it is in there, and what was asked for last."""

    name: str
    key: SshKey | None  # None: its owner has deleted it since
    installed: InstalledKey | None
    last_change: KeyChange | None

    @property
    def change(self) -> KeyChange | None:
        """Return what was asked for last; None where it failed and a reset has done it since."""
        asked = self.last_change
        if asked is None or asked.state != KeyChange.State.FAILED:
            return asked
        is_as_asked = self.is_installed == (asked.verb == KeyChange.Verb.PUT_IN)
        return None if is_as_asked else asked

    @property
    def waits(self) -> bool:
        return self.change is not None and self.change.state == KeyChange.State.WAITING

    @property
    def fault(self) -> str:
        """Say why the last ask was not carried out; '' where it was."""
        failed = self.change is not None and self.change.state == KeyChange.State.FAILED
        return str(self.change.note) if failed and self.change else ""

    @property
    def is_installed(self) -> bool:
        return self.installed is not None

    @property
    def state(self) -> str:
        return self.change.state if self.change else "none"

    @property
    def code(self) -> str:
        return self.change.code if self.change else ""

    @property
    def word(self) -> str:
        if self.waits and self.change:
            return _("being added") if self.change.verb == KeyChange.Verb.PUT_IN else _("being removed")
        if self.installed is None:
            return _("not in it")
        return _("in it") if self.key else _("in it, though it is not among your keys any more")

    @property
    def can_put(self) -> bool:
        return self.key is not None and self.installed is None and not self.waits

    @property
    def can_take(self) -> bool:
        return self.installed is not None and not self.waits

    @property
    def facts(self) -> tuple[Any, ...]:
        return self.name, self.word, self.fault


class MachineKeys:
    """The content of the panel of keys; loaded when it is first asked for."""

    def __init__(self, machine: Machine, reader: User) -> None:
        self.machine, self.reader = machine, reader

    @cached_property
    def is_shown(self) -> bool:
        """Return whether there is a disk that stays, which keys could be in, and the reader may know of them."""
        stays = self.machine.wanted != Wanted.GONE and self.machine.state != State.GONE
        is_there = stays and bool(self.machine.server_id)
        return is_there and access.may(self.reader, "change_keys", self.machine)

    @cached_property
    def lines(self) -> list[KeyInMachine]:
        """The owner's keys and those that were theirs, in the order in which they were added."""
        there = {row.public_key: row for row in installed_keys.present([self.machine.pk]).select_related("key")}
        mine = {key.public_key: key for key in self.machine.owner.ssh_keys.all()}
        left = [row for text, row in there.items() if text not in mine]
        return [
            *(KeyInMachine(key.name, key, there.get(text), self._changes.get(text)) for text, key in mine.items()),
            *(KeyInMachine(row.name, None, row, self._changes.get(row.public_key)) for row in left),
        ]

    @cached_property
    def _changes(self) -> dict[str, KeyChange]:
        """The last ask about each key."""
        rows = key_changes.of([self.machine])
        return {row.public_key: row for row in reversed(rows)}

    @cached_property
    def portal(self) -> PortalKey | None:
        return portal_keys.of(self.machine)

    @property
    def is_keyless(self) -> bool:
        """Return whether nobody can sign in by a key, as far as Minga knows."""
        return not self.is_older and not any(line.installed for line in self.lines)

    @property
    def is_older(self) -> bool:
        """Return whether the disk is older than its first key of the portal's: nobody noted then which keys it knows."""
        return self.portal is None or self.portal.by_hand

    @property
    def is_unknown(self) -> bool:
        """Return whether nothing is known of its keys: the disk is from before 0.4, or was taken over."""
        return self.is_older and not any(line.installed for line in self.lines)

    @property
    def has_own(self) -> bool:
        """Return whether the portal can open a session there."""
        return self.portal is not None and bool(self.portal.public_key) and self.portal.put_in_at is not None

    @property
    def own_leaves(self) -> bool:
        return self.portal is not None and bool(self.portal.public_key) and self.portal.removed_at is not None

    @property
    def own_line(self) -> str:
        """Return the line that its owner was asked to add; '' where there is none to add."""
        return portal_keys.line_of(self.portal) if self.portal is not None and not self.portal.put_in_at else ""

    @cached_property
    def version(self) -> tuple[Any, ...]:
        if not self.is_shown:
            return ()
        own = self.portal and (self.portal.public_key, self.portal.put_in_at, self.portal.removed_at)
        return (*(line.facts for line in self.lines), own)

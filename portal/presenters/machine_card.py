"""A machine as one reader sees it, on a card, on its page and through the API."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zlib import crc32

from django.urls import reverse

from accounts.models import User
from lib.names import ascii_name
from lib.notes import Note
from machines import emptied_nodes
from machines.disk_images import has_disk
from machines.models import DiskImage, Machine
from machines.progress import Progress
from machines.refusals import FOR_ADMINS
from machines.rules import allowed_to_admins, offered
from machines.states import Setup, State
from machines.stepper import first_boot
from machines.verbs import Verb
from portal import access
from portal.presenters import machine_sentences
from portal.presenters.card_parts import FirstBoot, Refused
from portal.presenters.idle_panel import Why
from portal.presenters.machine_keys import MachineKeys
from portal.presenters.presses import Presses
from portal.presenters.shown_question import ShownQuestion
from portal.presenters.terminal_way import TerminalWay
from portal.presenters.tones import tone_of
from portal.ways_in.port_ways import PortWay
from portal.ways_in.ssh import SshWay
from portal.ways_in.vnc import cloud_password
from portal.ways_in.ways import WayIn


@dataclass
class Shown:
    """A machine as `reader` sees it."""

    machine: Machine
    reader: User
    ways_in: list[WayIn]
    progress: Progress
    now: datetime
    why: Why  # what keeps it awake, and what becomes of it
    wait: int | None  # minutes until its turn, where it waits for room and anybody can say
    serves_screens: Callable[[], bool]  # see CloudWatch
    copy: DiskImage | None  # what can be downloaded of one that failed or vanished
    question: ShownQuestion | None = None  # in its card, see question_banner.on_cards
    is_unheard: bool = False  # the node that it runs on does not answer
    why_asleep: Note | None = None  # its owner's subscription ended, and it may not run

    # ---- what it is ----

    @cached_property
    def key(self) -> str:
        return str(self.machine.pk)

    @cached_property
    def url(self) -> str:
        return reverse("machine", args=[self.machine.pk])

    @cached_property
    def word(self) -> str:
        return machine_sentences.word(self.machine)

    @property
    def tone(self) -> str:
        """The colour of its state; a warning where its setup failed, though it runs."""
        return "busy" if self.must_see_setup else tone_of(self.machine.state)

    state_icon = property(lambda self: f"house-{tone_of(self.machine.state)}")

    @cached_property
    def is_busy(self) -> bool:
        return not self.machine.is_settled

    @property
    def is_up(self) -> bool:
        return self.machine.state == State.RUNNING and not self.is_busy

    @property
    def is_ready(self) -> bool:
        return self.is_up and not self.not_ready and self.machine.setup != Setup.RUNNING

    @property
    def is_first_build(self) -> bool:
        """Return whether its owner has only just asked for it, and would not put it to sleep."""
        return self.machine.state in (State.NEW, State.QUEUED, State.BUILDING) and self.machine.ready_at is None

    @property
    def is_live(self) -> bool:
        """Return whether its part of a page asks each second: something is under way, or a way in is about to open."""
        runs = self.machine.state == State.RUNNING
        return self.is_busy or (runs and any(way.is_opening for way in self.ways_in))

    @property
    def is_over(self) -> bool:
        """Return whether its part of a page never changes again. All others are looked at now and then: a connection may wake it."""
        return self.machine.state == State.GONE and not self.is_live

    @property
    def has_bar(self) -> bool:
        return self.is_busy and self.progress.percent < 100

    @property
    def has_disk(self) -> bool:
        """Return whether an image of it can be asked for."""
        return has_disk(self.machine)

    @property
    def alias(self) -> str:
        """Return its name for ~/.ssh/config."""
        return ascii_name(self.machine.name) or f"minga-{str(self.machine.pk)[:8]}"

    @property
    def version(self) -> str:
        """A text that changes when anything that the page shows has changed; it begins with the state."""
        return self._version((self.why.version, self.keys.version))

    @property
    def card_version(self) -> str:
        """Return such a text for a card, which shows only the near dates of all that is known of its use, and its question."""
        return self._version((self.why.near_dates, self.question and self.question.version))

    def _version(self, why: object) -> str:
        m = self.machine
        facts = (
            m.name,
            m.wanted,
            self.word,
            self.progress,
            self.is_busy,
            str(m.note),
            (m.refused, str(m.refusal)),
            [way.version for way in self.ways_in],
            sorted(self.verbs),
            why,
            (self.wait, self.copy and self.copy.pk, str(self.why_asleep)),
            (self.setup, self.not_ready, self.terminal.url) if self.is_up else (),
        )
        return f"{m.state}-{crc32(repr(facts).encode()):08x}"

    # ---- what it says ----

    @cached_property
    def sentence(self) -> str:
        said = self.progress.sentence if self.has_bar else self._settled()
        is_queued = self.machine.state == State.QUEUED and self.is_busy
        return f"{said} {machine_sentences.turn(self.wait)}" if is_queued else said

    def _settled(self) -> str:
        """Say what is true of a settled machine now: the note of one that runs is of the moment from which it was called running."""
        if self.is_up:
            return self.refusal or self.setup or self.not_ready or machine_sentences.at_rest(self.machine)
        note = str(self.why_asleep or "") or ("" if self.machine.is_missed else str(self.machine.note))
        return note or self.refusal or machine_sentences.at_rest(self.machine)

    @cached_property
    def not_ready(self) -> str:
        """Say why nobody should come in yet, though it runs; '' where every service of its template answers."""
        return machine_sentences.not_ready(self.machine, self.ports, self.now, is_unheard=self.is_unheard)

    @property
    def why_shut(self) -> str:
        """Say what to know before trying a way in that is closed; '' while they are open."""
        owner = self.machine.owner_for(self.reader)
        return machine_sentences.why_shut(self.machine, self.ports, owner, may_run=not self.why_asleep)

    @property
    def setup(self) -> str:
        """Say how its first boot went; '' where that ended well, or its owner has seen how it ended."""
        return str(first_boot.note(self.machine)) if self.is_up else ""

    @property
    def must_see_setup(self) -> bool:
        return bool(self.setup) and self.machine.setup != Setup.RUNNING

    @property
    def first_boot(self) -> FirstBoot | None:
        """The setup as its console tells of it; None where none was seen there."""
        row = self.machine
        return FirstBoot(row.setup, row.setup_fault or row.setup_line) if row.setup else None

    @property
    def refusal(self) -> str:
        """Say what the cloud refused its owner, until they have seen it; '' for nothing."""
        is_said = self.machine.state != State.GONE and not self._is_refused_to_admins
        return str(self.machine.refusal) if is_said else ""

    @property
    def admin_refusal(self) -> str:
        """Say to administrators what the cloud refused them; '' to everybody else."""
        is_said = self.machine.state != State.GONE and self._is_refused_to_admins and access.administers(self.reader)
        return str(self.machine.refusal) if is_said else ""

    @property
    def refused(self) -> Refused | None:
        """Return the refusal that concerns the reader: administrators see their own, too."""
        is_said = not self._is_refused_to_admins or access.administers(self.reader)
        return Refused.by(self.machine) if is_said else None

    @property
    def _is_refused_to_admins(self) -> bool:
        return self.machine.refused in FOR_ADMINS

    @property
    def says_refusal(self) -> bool:
        """Return whether the sentence is in a box with a button on the page: not twice then."""
        if self.must_see_setup and not self.refusal:
            return True
        return bool(self.refusal) and not self.has_bar and (self.is_up or not self.machine.note)

    @property
    def cloud_says(self) -> str:
        """Return why the cloud failed or refused, in its own words, for staff; '' for everybody else."""
        return self.machine.cloud_fault if access.may(self.reader, "see_faults", self.machine) else ""

    # ---- what can be done ----

    @cached_property
    def verbs(self) -> set[Verb]:
        """The verbs that are offered. Administrators may have mended what makes some hopeless."""
        verbs = offered(self.machine, to_admin=access.administers(self.reader))
        return verbs - {Verb.WAKE, Verb.RESTORE} if self.why_asleep else verbs

    @property
    def admin_buttons(self) -> list[str]:
        """The verbs that only administrators may ask for; [] for everybody else."""
        return sorted(allowed_to_admins(self.machine)) if access.administers(self.reader) else []

    @property
    def actions(self) -> list[str]:
        """Return all verbs that the reader may ask for now."""
        return sorted({*self.verbs, *self.admin_buttons})

    @cached_property
    def presses(self) -> Presses:
        return Presses(self.verbs, self.url, is_first_build=self.is_first_build)

    @property
    def is_last_way_out(self) -> bool:
        """Return whether all that keeps its disk has failed: then the disk comes first, a reset after it."""
        return self.machine.state == State.FAILED and "reset" in self.verbs

    # ---- ways in ----

    @cached_property
    def ports(self) -> list[PortWay]:
        return [way for way in self.ways_in if isinstance(way, PortWay)]

    @property
    def reachable(self) -> list[PortWay]:
        """The ports, while there is anything behind them."""
        return self.ports if self.machine.state != State.GONE else []

    @property
    def reachable_ways(self) -> list[WayIn]:
        """Every way in, while there is anything behind it."""
        return self.ways_in if self.machine.state != State.GONE else []

    @property
    def main_ways(self) -> list[WayIn]:
        """The ways in that stand above the list of the others."""
        return [way for way in self.ways_in if way.is_main]

    @property
    def other_ways(self) -> list[WayIn]:
        return [way for way in self.ways_in if not way.is_main]

    @cached_property
    def ssh(self) -> SshWay | None:
        return next((way for way in self.ways_in if isinstance(way, SshWay)), None)

    ssh_waits = property(lambda self: self.ssh is not None and not self.ssh.is_open)

    @cached_property
    def card_line(self) -> str:
        """The line with which to come in, where its card has one: while it runs."""
        return self.ssh.command if self.ssh is not None and machine_sentences.lets_in(self.machine) else ""

    @property
    def lacks_a_key(self) -> bool:
        """Return whether it runs without a key, and the reader may put one in."""
        is_theirs = self.machine.owner_id == self.reader.pk
        return is_theirs and self.is_up and not machine_sentences.lets_in(self.machine)

    card_line_id = property(lambda self: f"ssh-{self.key}")
    keys = cached_property(lambda self: MachineKeys(self.machine, self.reader))  # for its page; no card asks
    terminal = cached_property(lambda self: TerminalWay(self.machine, self.reader, self.verbs, is_up=self.is_up))
    maintenance = cached_property(lambda self: emptied_nodes.open_maintenance(self.machine.host))

    @property
    def screen_password(self) -> str:
        """The password of a screen that the cloud itself serves on the machine's port; '' where what answers is the guest's."""
        return cloud_password(self.machine, self.serves_screens)

"""What a page shows about a machine, computed from rows and one `now`. For any number of machines the queries are the same."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID
from zlib import crc32

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from machines.actions import allowed
from machines.disk_images import has_disk
from machines.idle import facts, make_room
from machines.idle.wording import span
from machines.models import CloudWatch, Event, Machine
from machines.progress import Progress, progress_of, typical_seconds
from machines.refusals import FOR_ADMINS
from machines.rules import allowed_to_admins
from machines.states import Setup, State
from machines.stepper import first_boot
from machines.stepper.answering import QUIET_GUEST, SOME_SILENT
from machines.verbs import BUTTONS, Verb
from portal.presenters.idle_panel import Why, why
from tunnels.models import Tunnel
from tunnels.queries import trouble_of

EVENTS = 30  # the newest lines of a history that its page shows
_TONES = {
    State.RUNNING: "on",
    State.SUSPENDED: "asleep",
    State.SHELVED: "away",
    State.ARCHIVED: "away",
    State.FAILED: "trouble",
    State.GONE: "gone",
}


@dataclass(frozen=True, slots=True)
class Door:
    """One way in: a service of the machine and the public port that leads to it."""

    tunnel: Tunnel
    state: str
    user: str

    @property
    def name(self) -> str:
        """The template's word for a service; a port that somebody opened is just that port."""
        return _("Port %(port)s") % {"port": self.tunnel.target_port} if self.tunnel.extra else self.tunnel.service

    @property
    def host(self) -> str:
        return self.tunnel.gateway.public_host

    @property
    def port(self) -> int:
        return self.tunnel.port

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def answers(self) -> bool:
        """Whether something inside has taken a connection since the port was opened: a port can be open to nothing."""
        return self.is_open and self.tunnel.answered_at is not None

    @property
    def tone(self) -> str:
        if self.is_open and not self.answers:
            return "busy"
        return {"open": "on", "opening": "busy", "held": "asleep", "failed": "trouble"}.get(self.state, "away")

    @property
    def word(self) -> str:
        if self.state == "held":
            return _("Asleep: wakes when you connect") if self.tunnel.knock else _("Asleep")
        if self.is_open and not self.answers:
            return _("Open, but nothing inside answers")
        return {"open": _("Open"), "opening": _("Opening"), "failed": _("Does not open")}.get(self.state, _("Closed"))

    @property
    def url(self) -> str:
        return f"{self.tunnel.scheme}://{self.host}:{self.port}/"

    @property
    def ssh_line(self) -> str:
        return f"ssh -p {self.port} {self.user}@{self.host}"

    @property
    def forget_line(self) -> str:
        """What makes SSH take the host key of a guest that is a new one."""
        return f'ssh-keygen -R "[{self.host}]:{self.port}"'


@dataclass
class Shown:
    """A machine as people see it."""

    machine: Machine
    doors: list[Door]
    progress: Progress
    now: datetime
    why: Why  # what keeps it awake, and what becomes of it
    wait: int | None = None  # minutes until its turn, where it waits for room and anybody can say
    serves_screens: bool = True  # see Watch

    @property
    def is_busy(self) -> bool:
        return not self.machine.is_settled

    @property
    def tone(self) -> str:
        """The colour of its state: on, asleep, away, busy, trouble or gone."""
        if self.machine.state in _TONES:
            return _TONES[State(self.machine.state)]
        return "busy"

    @property
    def word(self) -> str:
        return str(self.machine.get_state_display())

    @property
    def sentence(self) -> str:
        said = self.progress.sentence if self.has_bar else self._settled()
        return f"{said} {self._turn()}" if self.waits_for_room else said

    def _settled(self) -> str:
        """Of one that runs what is true now: its note is of the moment from which it was called running."""
        if self.is_up:
            return self.refusal or self.setup or self.not_ready or self._at_rest()
        return str(self.machine.note) or self.refusal or self._at_rest()

    @property
    def is_up(self) -> bool:
        return self.machine.state == State.RUNNING and not self.is_busy

    @property
    def setup(self) -> str:
        """What to say of its first boot; '' where that ended well, or its owner has seen how it ended."""
        return str(first_boot.note(self.machine)) if self.is_up else ""

    @property
    def must_see_setup(self) -> bool:
        return bool(self.setup) and self.machine.setup != Setup.RUNNING

    @cached_property
    def not_ready(self) -> str:
        """Why nobody should be told to come in, though it runs; '' where every service of its template answers."""
        if not self.machine.owner.is_active:
            return _("It runs, but its ports are closed: its owner's account is deactivated.")
        silent = [door for door in self.doors if not door.tunnel.extra and not door.answers]
        if trouble := trouble_of([door.tunnel for door in silent], self.now):
            return str(trouble)
        if self.doors and self.doors[0] in silent:
            return _(QUIET_GUEST)
        names = ", ".join(door.name for door in silent)
        return _(SOME_SILENT) % {"services": names} if silent else ""

    @property
    def is_ready(self) -> bool:
        return self.is_up and not self.not_ready and self.machine.setup != Setup.RUNNING

    @property
    def refusal(self) -> str:
        """What the cloud refused its owner, until they have seen it; '' for nothing."""
        is_told = self.machine.state != State.GONE and not self.is_refused_to_admins
        return str(self.machine.refusal) if is_told else ""

    @property
    def admin_refusal(self) -> str:
        """Likewise of what only administrators ask for; nobody else need read that."""
        is_told = self.machine.state != State.GONE and self.is_refused_to_admins
        return str(self.machine.refusal) if is_told else ""

    @property
    def is_refused_to_admins(self) -> bool:
        return self.machine.refused in FOR_ADMINS

    @property
    def says_refusal(self) -> bool:
        """Whether the sentence is in a box with a button on the page: not twice then."""
        if self.must_see_setup and not self.refusal:
            return True
        return bool(self.refusal) and not self.has_bar and (self.is_up or not self.machine.note)

    @property
    def waits_for_room(self) -> bool:
        return self.machine.state == State.QUEUED and self.is_busy

    def _turn(self) -> str:
        if self.wait is None:
            return _("Nobody can tell how long that takes.")
        return _("Its turn comes in about %(wait)s, for all that is known.") % {
            "wait": span(timedelta(minutes=self.wait or 0))
        }

    @property
    def has_bar(self) -> bool:
        return self.is_busy and self.progress.percent < 100

    def _at_rest(self) -> str:
        if self.is_busy:
            return _("One moment: your wish is being carried out.")
        return {
            State.RUNNING: _("It is ready: come in."),
            State.SUSPENDED: _("Nothing is lost: it goes on where it stopped when you wake it."),
            State.SHELVED: _("Its disk is kept. Waking it takes a little longer."),
            State.ARCHIVED: self._archived(),
            State.GONE: _("Its ports are closed, and its share of your quota is free again."),
        }.get(State(self.machine.state), "")

    def _archived(self) -> str:
        if self.machine.binned_at:
            return _("It is in the recycle bin. Restore it to have it back, on the same ports.")
        return _(
            "Its disk is kept as an image and counts as one of your archives. Its ports stay reserved for as long as the archive is kept, and"
            " count in your quota. Restore it to use it again, on the same ports."
        )

    @property
    def screen_password(self) -> str:
        """The password of a screen that the cloud itself serves on the machine's port; '' where what answers is the guest's."""
        return self.machine.vnc_password if self.serves_screens else ""

    @property
    def has_disk(self) -> bool:
        """Whether an image of it can be asked for."""
        return has_disk(self.machine)

    @property
    def is_last_way_out(self) -> bool:
        """Whether all that keeps its disk has failed: then the disk comes first, a reset after it."""
        return self.machine.state == State.FAILED and "reset" in self.verbs

    @property
    def admin_buttons(self) -> list[str]:
        """The verbs that only administrators may ask for."""
        return sorted(allowed_to_admins(self.machine))

    @property
    def is_live(self) -> bool:
        """Whether its part of a page asks each second: something is under way, or a way in is about to open."""
        runs = self.machine.state == State.RUNNING
        return self.is_busy or (runs and any(door.state == "opening" for door in self.doors))

    @property
    def is_over(self) -> bool:
        """Whether its part of a page never changes again. All others are looked at now and then: a connection may wake it."""
        return self.machine.state == State.GONE and not self.is_live

    @property
    def why_shut(self) -> str:
        """What to know before one tries a way in that is closed; '' while they are open."""
        if self.machine.state in (State.SUSPENDED, State.SHELVED) and not self.is_busy:
            return self._at_rest_shut()
        if self.machine.state == State.RUNNING and not self.is_live:
            return ""
        return _("They open when the machine runs. Addresses and ports stay the same for its whole life.")

    def _at_rest_shut(self) -> str:
        if any(door.state == "held" and door.tunnel.knock for door in self.doors):
            return _(
                "A connection wakes it, from wherever you or your class signed in here within a day. For everybody else they are closed."
            )
        return _("They are closed while it rests. Wake it, and the same lines work again.")

    @cached_property
    def verbs(self) -> set[Verb]:
        return allowed(self.machine)

    @property
    def ssh(self) -> Door | None:
        return next((door for door in self.doors if door.tunnel.scheme == "ssh"), None)

    @property
    def others(self) -> list[Door]:
        """Every way in but the first SSH, which has a place of its own."""
        return [door for door in self.doors if door is not self.ssh]

    @property
    def key(self) -> str:
        return str(self.machine.pk)

    @property
    def ssh_waits(self) -> bool:
        return self.ssh is not None and not self.ssh.is_open

    @property
    def primary(self) -> str:
        """The verb that people most likely want now; '' for none."""
        return next((verb for verb in ("retry", "restore", "wake", "suspend") if verb in self.buttons), "")

    @property
    def primary_url(self) -> str:
        return reverse(f"machine-{self.primary}", args=[self.machine.pk])

    @property
    def buttons(self) -> list[Verb]:
        """The verbs that have a button, the likeliest first and the one that destroys last."""
        if self.is_first_build:
            return [Verb.DELETE] if Verb.DELETE in self.verbs else []
        return [verb for verb in BUTTONS if verb in self.verbs]

    @property
    def is_first_build(self) -> bool:
        """Nobody puts a machine to sleep that they have only just asked for."""
        return self.machine.state in (State.NEW, State.QUEUED, State.BUILDING) and self.machine.ready_at is None

    @property
    def alias(self) -> str:
        """A word for ~/.ssh/config."""
        word = "".join(c if c.isascii() and c.isalnum() else "-" for c in self.machine.name.lower()).strip("-")
        return word or f"minga-{str(self.machine.pk)[:8]}"

    @property
    def version(self) -> str:
        """Changes when anything that the page shows has changed; begins with the state."""
        m = self.machine
        facts = (
            m.name,
            m.wanted,
            self.word,
            self.progress,
            self.is_busy,
            str(m.note),
            (m.refused, str(m.refusal)),
            [(d.port, d.state, d.answers) for d in self.doors],
            sorted(self.verbs),
            self.why,
            self.wait,
            (self.setup, self.not_ready) if self.is_up else (),
        )
        return f"{m.state}-{crc32(repr(facts).encode()):08x}"


def show(machine: Machine) -> Shown:
    return show_all([machine])[0]


def show_all(machines: Collection[Machine]) -> list[Shown]:
    """A dozen queries at most, and one more for each template of which something is being built."""
    now = timezone.now()
    whys = {each.machine.pk: why(each, now) for each in facts.load(machines, now)}
    waits = make_room.estimates(machines, now)
    doors = _doors([m.pk for m in machines])
    typical = {pk: typical_seconds(pk) for pk in {m.template_id for m in machines if m.state == State.BUILDING}}
    serves_screens = not any(m.vnc_password for m in machines) or CloudWatch.get_solo().serves_screens
    return [
        Shown(
            m,
            [Door(t, t.shown_state(now), m.ssh_user) for t in doors[m.pk]],
            progress_of(m, now, typical.get(m.template_id)),
            now,
            whys[m.pk],
            waits.get(m.pk),
            serves_screens,
        )
        for m in machines
    ]


def _doors(holders: Collection[UUID]) -> dict[UUID, list[Tunnel]]:
    found: dict[UUID, list[Tunnel]] = defaultdict(list)
    for tunnel in Tunnel.objects.of_many(holders).kept():
        found[tunnel.holder].append(tunnel)
    return found


def history(machine: Machine) -> list[tuple[Event, str, str]]:
    """(event, its sentence, its tone), newest first. A change of state without a note says the state."""
    events = machine.events.select_related("by")[:EVENTS]
    return [(event, str(event.note) or str(State(event.to_state).label), _tone(event)) for event in events]


def _tone(event: Event) -> str:
    return _TONES.get(State(event.to_state), "busy") if event.kind == Event.Kind.MOVED else ""

"""Machines of every state, brought there by the life cycle itself on a fake cloud. Runs on the code of version 0.3.0 only."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import RowFailure, User
from lib.notes import Note
from machines import actions, copies
from machines.idle import answers
from machines.models import Activity, Answer, Ask, Copy, Delivery, Hold, Machine, Stray, Watch
from quotas.models import Allowance
from tests.machines.idle.asked import WHY, asked, told
from tests.machines.world import World
from tunnels.models import Gateway, Tunnel, hash_token

Verb = Callable[..., Any]
FROZEN = timedelta(days=300)  # a claim so long that nobody else works on it until the end
RUNNING = (
    "running", "slow", "leaves", "sleeps", "dies", "old", "binned", "restored", "broken", "hopeless", "kept",
    "full-again", "wakes", "wakes-wish", "archiving", "archiving-wish", "shelving", "shelving-wish", "suspending", "suspending-wish",
    "deleting", "deleting-wish", "resetting", "restarting", "moving", "rescuing", "renamed", "ports", "copied", "copy-due",
    "copy-failed", "archive-again", "refused-suspend", "refused-archive", "refused-reset", "refused-rescue", "refused-move",
    "setup-running", "setup-done", "setup-failed", "setup-overdue", "repairing", "unheard", "silent-ports", "adopted", "no-key",
    "vanished", "poisoned", "asked", "asked-soon", "holding", "answered", "given", "shelved-gone", "archived-gone",
)  # fmt: skip


class Lives:
    """The student's machines, each named for what becomes of it."""

    def __init__(self, world: World) -> None:
        self.world, self.cloud = world, world.cloud
        self.admin = User.objects.get(username="admin")

    def all(self) -> None:
        for name in RUNNING:
            self.world.launch(name)
        for _turn in range(12):
            self.world.turn()
        self.settled()
        self.of_others()
        self.under_way()
        self.wished_only()
        self.facts()
        self.beside()
        Machine.objects.filter(claimed_until__gt=timezone.now()).update(claimed_until=None)

    def of(self, name: str) -> Machine:
        return Machine.objects.get(name=name)

    def wish(self, who: str, verb: Verb, **more: Any) -> Machine:
        return verb(machine=self.of(who), by=self.world.student, **more) or self.of(who)

    def end(self, name: str, verb: Verb, state: str) -> None:
        self.wish(name, verb)
        self.world.until(self.of(name), state)

    def settled(self) -> None:
        for name in ("sleeps", "wakes", "wakes-wish", "copied"):
            self.end(name, actions.suspend, "suspended")
        for name in ("leaves", "shelved-gone"):
            self.end(name, actions.shelve, "shelved")
        for name in ("old", "restored", "archive-again", "archived-gone"):
            self.end(name, actions.archive, "archived")
        self.end("binned", actions.bin, "archived")
        self.end("restored", actions.restore, "running")
        self.end("dies", actions.delete, "gone")
        self._broken("hopeless", set())
        self._vanished()
        self.wish("copied", copies.ask)
        for _turn in range(5):
            copies.tend(self.cloud, timezone.now())
            self.world.turn()

    def _broken(self, name: str, cures: set[str]) -> None:
        """The cloud breaks it, and nothing that is tried mends it."""
        machine, kept = self.of(name), self.cloud.cures
        self.cloud.cures = cures
        self.cloud.break_server(machine.server_id, "libvirt: the disk is gone")
        self.world.until(machine, "failed", turns=600)
        self.cloud.cures = kept

    def _vanished(self) -> None:
        self.cloud.vanish(self.of("vanished").server_id)
        self.world.until(self.of("vanished"), "gone")

    def of_others(self) -> None:
        """Make machines of people near their limits: two of two, one alone, one of somebody deactivated."""
        for owner, name in {"student2": "first", "donor": "only", "blocked": "stopped", "teacher": "example"}.items():
            person = User.objects.get(username=owner)
            machine = actions.launch(owner=person, template=self.world.template, name=name, by=person)
            self.world.until(machine, "running")
        student2 = User.objects.get(username="student2")
        actions.launch(owner=student2, template=self.world.template, name="second", by=student2)
        User.objects.filter(username="blocked").update(is_active=False)

    def freeze(self, name: str) -> None:
        Machine.objects.filter(name=name).update(claimed_until=timezone.now() + FROZEN)

    def under_way(self) -> None:
        """Make machines of which one step was taken, and the next is still to come."""
        ways: dict[str, tuple[Verb, str]] = {
            "wakes": (actions.wake, "waking"), "shelving": (actions.shelve, "shelving"), "deleting": (actions.delete, "deleting"),
            "archiving": (actions.archive, "archiving"), "suspending": (actions.suspend, "suspending"), "resetting": (actions.reset, "building"),
        }  # fmt: skip
        for name, (verb, state) in ways.items():
            self._until_seen(self.wish(name, verb), state)
        self._until_seen(self.world.launch("being-built"), "building")
        self.cloud.full = True
        self._until_seen(self.world.launch("waiting"), "queued")
        self._until_seen(self.wish("archive-again", actions.restore), "queued")
        self.cloud.full = False

    def _until_seen(self, machine: Machine, state: str) -> None:
        for _turn in range(20):
            machine.refresh_from_db()
            if machine.state == state:
                return self.freeze(machine.name)
            self.world.turn()
        raise AssertionError(f"{machine.name} is {machine.state}, not {state}")

    def wished_only(self) -> None:
        """Make machines with a wish that no worker has taken up yet."""
        ways: dict[str, Verb] = {
            "suspending-wish": actions.suspend, "shelving-wish": actions.shelve, "archiving-wish": actions.archive,
            "deleting-wish": actions.delete, "wakes-wish": actions.wake, "restarting": actions.restart, "shelved-gone": actions.delete,
            "archived-gone": actions.delete, "copy-due": copies.ask, "copy-failed": copies.ask,
        }  # fmt: skip
        for name, verb in ways.items():
            self.wish(name, verb)
        self.wish("renamed", actions.rename, name="Ñandú, renamed")
        self.wish("ports", actions.open_port, port=8080, scheme="http")
        self.wish("kept", actions.open_port, port=5432, allow=("192.0.2.0/24",))
        self.world.launch("just-asked-for")

    def facts(self) -> None:
        """Set what only a cloud, a console or an accident writes."""
        write = Machine.objects.filter
        write(name="moving").update(moves_asked=1, moved_from="fake-1")
        write(name="rescuing").update(rescues_asked=1)
        for what in ("suspend", "archive", "reset", "rescue", "move"):
            note = Note("This machine cannot sleep, so it keeps running. You can put it away instead.").as_json()
            write(name=f"refused-{what}").update(refused=what, refused_note=note)
        for setup in ("running", "done", "failed", "overdue"):
            write(name=f"setup-{setup}").update(
                setup=setup, setup_line="cloud-init: step 3", setup_since=timezone.now()
            )
        write(name="setup-failed").update(setup_fault="E: Unable to locate package nothing")
        write(name="broken").update(
            state="failed", cloud_status="error", cloud_fault="No reason.", server_id="broken-1"
        )
        write(name="repairing").update(repair="cycle", state="waking")
        note = Note("The cluster does not answer just now. We keep trying; you need not do anything.").as_json()
        write(name="unheard").update(unheard=4, state_note=note, wanted="suspended", retry_at=timezone.now())
        write(name="full-again").update(
            state="queued", full_tries=3, queued_at=timezone.now(), server_id="", address=""
        )
        write(name="adopted").update(adopting=True)
        write(name="slow").update(name_key=None)  # as a version before 0.3 wrote it
        silent = Tunnel.objects.filter(holder=self.of("silent-ports").pk)
        silent.update(answered_at=None, refused=4)

    def questions(self) -> None:
        now = timezone.now()
        for machine in Machine.objects.filter(state="running"):
            Activity.objects.update_or_create(machine=machine, defaults={
                "since": now - timedelta(hours=2), "connected_at": now - timedelta(hours=1), "ports_heard_at": now, "load_heard_at": now,
                "cpu_seconds": 12.5, "cpu_percent": 0.5, "disk_bytes": 10_000, "nic_bytes": 20_000, "disk_rate": 1.0, "nic_rate": 2.0,
            })  # fmt: skip
        told(asked(self.of("asked")))
        asked(self.of("asked-soon"))
        told(asked(self.of("sleeps"), "archive", number=2))
        told(asked(self.of("old"), "delete"))
        told(asked(self.of("only")))
        self._answered(now)
        machine = self.of("holding")
        Hold.objects.create(
            machine=machine, kind="job", starts_at=now, ends_at=now + timedelta(hours=5), by=machine.owner
        )
        teacher = User.objects.get(username="teacher")
        answers.give(machine=self.of("given"), until=now + timedelta(hours=3), by=teacher, now=now, reason="An exam")
        given_up = Delivery.objects.filter(ask__machine__name="answered", channel="terminal")
        given_up.update(state="failed", attempts=9, fault="Nobody is signed in there.")

    def _answered(self, now: Any) -> None:
        ask = told(asked(self.of("answered")))
        answers.answer(ask=ask, choice="more", by=self.world.student, now=now)
        over = Ask.objects.create(
            machine=self.of("running"), kind="sleep", stored_why=WHY.as_json(), closed_at=now, outcome="silence"
        )
        Delivery.objects.create(ask=over, channel="terminal", state="none")
        Answer.objects.get_or_create(ask=over, choice="sleep", defaults={"by": None})

    def beside(self) -> None:
        """Make strays, disk images of other kinds, and rows with which a loop failed."""
        now = timezone.now()
        for kind, key in {
            "second": str(self.of("running").pk),
            "lost": "0" * 8 + "-0000-4000-8000-" + "0" * 12,
            "other": "",
        }.items():
            Stray.objects.create(server_id=f"stray-{kind}", kind=kind, machine_key=key, name=f"A {kind} one", status="active",
                                 flavor_name="tiny", vcpus=1, ram_mb=256, disk_gb=1, host="fake-1", created_at=now, seen_at=now)  # fmt: skip
        Copy.objects.filter(machine__name="copy-failed").update(
            state="failed", stored_note=Note("It cannot be copied.").as_json()
        )
        Copy.objects.create(
            machine=self.of("running"), kind="download", state="over", image_id="image-over", expires_at=now
        )
        poisoned = self.of("poisoned")
        for loop, key, holder in (
            ("step", str(poisoned.pk), poisoned.pk),
            ("mails", "1", None),
            ("catalog", "linux", None),
        ):
            RowFailure.objects.create(
                loop=loop, key=key, holder=holder, fails=5, error="ValueError: nobody thought of this", next_at=now
            )


def last_words() -> None:
    """The agent and the sweep were heard just now, and one worker died in the middle of a step."""
    now = timezone.now()
    Gateway.objects.filter(name="vps").update(
        heard_at=now, link_error="", token_hash=hash_token("agent-token"), boot="b1", seq=7
    )
    Watch.objects.update(
        listed_at=now, whole_at=now, next_at=now, steady_since=now - timedelta(hours=1), claimed_until=None
    )
    Machine.objects.filter(name="suspending").update(claimed_until=now - timedelta(seconds=5))
    Activity.objects.update(ports_heard_at=now, load_heard_at=now)
    Allowance.objects.filter(user__username="student").update(looked_at=now)

"""Everything that needs a hand now: one pure function from a snapshot to sentences, each with one action, the worst first.

Whether something is so is judged where the fact lives (portal.ops, the models); here are the words, the order, and where to go.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cloud.diagnosis import named
from lib.measures import memory
from lib.time_words import in_words
from machines.idle.times import moment
from machines.models import Machine
from machines.states import State
from portal.dashboard.counted_needs import (
    FAILED_IMAGES,
    FAILED_MAILS,
    FAILING_ROWS,
    LOST_SERVERS,
    OFFERS,
    OPEN_REQUESTS,
)
from portal.dashboard.need_parts import CARE, TROUBLE, Found, Need, Rule, Severity, brief, here, on_page, units
from portal.dashboard.snapshot import Snapshot
from portal.ops.cloud_silence import Silence, silence_of, unattended_since
from portal.ops.health import LINK_FAULTS
from portal.presenters.figure import ALMOST_FULL

CLOCKS_APART = timedelta(seconds=5)  # from here on the database's clock is told; 5 minutes are where counts go wrong
QUEUE_STANDS = timedelta(minutes=30)  # as in the alert MingaQueueLong of docs/admin/observability.md


def needs(seen: Snapshot) -> list[Need]:
    """Return all that needs a hand, the worst first; of what is equally bad, what more people feel."""
    found = [need for rule in RULES for need in rule(seen)]
    return sorted(found, key=lambda need: need.severity)  # stable: the order of RULES stays


def _worker(seen: Snapshot) -> Found:
    if since := unattended_since(seen.watch, seen.now):
        text = _(
            "No worker has done anything for %(span)s: the worker or beat is not running. What people ask for waits."
        )
        yield Need("worker", TROUBLE, _spanned(text, seen.now - since), *on_page("pulse"), advice=units("worker beat"))


def _cloud(seen: Snapshot) -> Found:
    to_check = _("Check the cloud"), reverse("cloud-check")
    if seen.watch and seen.watch.held_at:
        text = _("A restore is not finished: each machine is held until it is compared with the cloud.")
        yield Need("restore", TROUBLE, text, *to_check, advice="manage.py restore --meet")
        return
    silence = silence_of(seen.watch, seen.now)
    if silence == Silence.FAILED and seen.watch and seen.watch.listed_at:
        text = _("The cloud does not answer; it last did %(span)s ago. Machines run on, what people ask for waits.")
        yield Need("cloud", TROUBLE, _spanned(text, seen.now - seen.watch.listed_at), *to_check)
    elif unattended_since(seen.watch, seen.now):
        return  # told by _worker
    elif silence == Silence.NOBODY and seen.watch and seen.watch.listed_at:
        text = _("The servers were last listed %(span)s ago, which is too long.")
        yield Need("list", TROUBLE, _spanned(text, seen.now - seen.watch.listed_at), *to_check)
    elif silence == Silence.NEVER:
        text = _("The servers were never listed: the worker, beat or the cloud is not there yet.")
        yield Need("never", TROUBLE, text, *to_check, advice=units("worker beat"))


def _gateways(seen: Snapshot) -> Found:
    if not seen.gateways:
        text = _("No gateway is enabled: nobody reaches a machine from outside.")
        yield Need("no-gateway", TROUBLE, text, *on_page("pulse"), advice="manage.py gateway --help")
    for gateway in seen.gateways:
        names = {"gateway": gateway.name}
        link = gateway.link_state(seen.now)
        if not gateway.is_heard(seen.now):
            yield Need(
                "agent", TROUBLE, _silent(gateway.heard_at, seen.now, names), *on_page("pulse"), advice=units("agent")
            )
        elif link in LINK_FAULTS:
            text = _(
                "The agent of %(gateway)s has no connection to it: %(why)s. Nobody reaches their machine through it."
            )
            yield Need("link", TROUBLE, text % {**names, "why": _(LINK_FAULTS[link])}, *on_page("pulse"))
        elif gateway.is_crowded(seen.now):
            text = _("%(gateway)s turned visitors away in the last minutes, for lack of room.") % names
            yield Need("crowded", CARE, text, *on_page("pulse"))


def _silent(heard_at: datetime | None, now: datetime, names: dict[str, str]) -> str:
    if heard_at is None:
        return _("The agent of %(gateway)s was never heard. Nobody reaches their machine through it.") % names
    text = _("The agent of %(gateway)s has been silent for %(span)s. Nobody reaches their machine through it.")
    return text % {**names, "span": brief(now - heard_at)}


def _terminals(seen: Snapshot) -> Found:
    if count := seen.count("terminals unheard"):
        text = ngettext(
            "%(count)s machine stays awake: its terminals are open in a live process of which nothing is heard.",
            "%(count)s machines stay awake: their terminals are open in a live process of which nothing is heard.",
            count,
        )
        yield Need("terminals", CARE, text % {"count": count}, *on_page("pulse"), advice=units("live"))


def _hosts(seen: Snapshot) -> Found:
    if away := [host.name for host in seen.hosts if not host.up]:
        text = ngettext(
            "A computer of the cluster does not answer: %(names)s.",
            "%(count)s computers of the cluster do not answer: %(names)s.",
            len(away),
        )
        yield Need("hosts", TROUBLE, text % {"count": len(away), "names": named(away)}, *on_page("cluster"))


def _mails(seen: Snapshot) -> Found:
    if seen.mails_since:
        text = ngettext(
            "No mail goes out: %(count)s waits, for %(span)s now.",
            "No mail goes out: %(count)s wait, the first for %(span)s now.",
            waiting := seen.count("mails waiting"),
        )
        said = text % {"count": waiting, "span": brief(seen.now - seen.mails_since)}
        yield Need("mail", TROUBLE, said, _("See why"), f"{reverse('notices')}?state=due")


def _failed_machines(seen: Snapshot) -> Found:
    if seen.failed:
        text = ngettext(
            "A machine failed, and waits for somebody: %(names)s.",
            "%(count)s machines failed, and wait for somebody: %(names)s.",
            seen.in_state(State.FAILED),
        )
        yield _about_machines("failed", TROUBLE, text, seen.in_state(State.FAILED), seen.failed, "failed")


def _launches(seen: Snapshot) -> Found:
    count = sum(each.stuck for each in seen.states.values())
    if seen.stuck:  # read after they were counted: the last may have come up meanwhile
        text = ngettext(
            "A launch has taken longer than 10 minutes: %(names)s.",
            "%(count)s launches have taken longer than 10 minutes: %(names)s.",
            count,
        )
        yield _about_machines("launches", TROUBLE, text, count, seen.stuck)


def _about_machines(
    code: str, severity: Severity, text: str, count: int, machines: Sequence[Machine], filter_name: str = ""
) -> Need:
    """Return a need that names machines. Its action leads to the only one, or to the list where that has such a filter, else to the first."""
    names = ", ".join(f"{machine.name} ({machine.owner.username})" for machine in machines)
    if count > len(machines):
        names = _("%(names)s and more") % {"names": names}
    said = text % {"count": count, "names": names}
    if filter_name and count > 1:
        return Need(code, severity, said, _("See all of them"), f"{reverse('all-machines')}?state={filter_name}")
    first = machines[0]
    return Need(code, severity, said, _("See %(name)s") % {"name": first.name}, reverse("machine", args=[first.pk]))


def _queue(seen: Snapshot) -> Found:
    queued = seen.states.get(State.QUEUED)
    if queued and queued.queued_since and seen.now - queued.queued_since > QUEUE_STANDS:
        text = ngettext(
            "%(count)s machine waits for room, for %(span)s now.",
            "%(count)s machines wait for room, the first for %(span)s now.",
            queued.count,
        )
        said = text % {"count": queued.count, "span": brief(seen.now - queued.queued_since)}
        yield Need("queue", TROUBLE, said, _("See the room"), here("cluster"))


def _pause(seen: Snapshot) -> Found:
    """Remind administrators, who may launch during a pause, that nobody else can."""
    if pause := seen.pause:
        row = pause.announcement
        text = _("Launches are paused until %(until)s, by an announcement of %(who)s.")
        text = text if row.made_by else _("Launches are paused until %(until)s, by an announcement.")
        facts = {"until": moment(pause.until, seen.now), "who": row.made_by.username if row.made_by else ""}
        yield Need("paused", CARE, text % facts, _("Open the announcement"), reverse("announcement", args=[row.pk]))


def _clocks(seen: Snapshot) -> Found:
    if abs(seen.clock_ahead) > CLOCKS_APART:
        ahead = _("The database's clock is %(span)s ahead of this computer's.")
        behind = _("The database's clock is %(span)s behind this computer's.")
        text = ahead if seen.clock_ahead > timedelta() else behind
        said = text % {"span": in_words(seen.clock_ahead.total_seconds())}
        yield Need("clock", CARE, said, *on_page("pulse"), advice="timedatectl set-ntp true")


def _room(seen: Snapshot) -> Found:
    room = seen.watch.room if seen.watch else {}
    shares = {name: room[f"{name}_used"] / room[name] for name in ("vcpus", "ram_mb") if room.get(name)}
    if max(shares.values(), default=0) < ALMOST_FULL:
        return
    free = {name: max(0, room[name] - room[f"{name}_used"]) for name in shares}
    text = ngettext(
        "The cluster is almost full: %(count)s processor and %(memory)s of memory are free.",
        "The cluster is almost full: %(count)s processors and %(memory)s of memory are free.",
        free.get("vcpus", 0),
    )
    said = text % {"count": free.get("vcpus", 0), "memory": memory(free.get("ram_mb", 0))}
    yield Need("full", CARE, said, _("See the room"), here("cluster"))


def _cloud_check(seen: Snapshot) -> Found:
    check = seen.check
    wrong = sum(row["ok"] == "wrong" for row in check.rows) if check else 0
    if check and (wrong or check.fault):
        text = ngettext(
            "The last cloud check found %(count)s thing wrong.",
            "The last cloud check found %(count)s things wrong.",
            wrong,
        )
        said = _("The last cloud check could not be finished.") if check.fault else text % {"count": wrong}
        yield Need("check", CARE, said, _("See what"), reverse("cloud-check"))


def _ports(seen: Snapshot) -> Found:
    if count := seen.count("ports failed"):
        text = ngettext(
            "%(count)s public port could not be opened: its gateway refuses it.",
            "%(count)s public ports could not be opened: their gateway refuses them.",
            count,
        )
        yield Need("ports", CARE, text % {"count": count}, *on_page("pulse"))


def _copies(seen: Snapshot) -> Found:
    count = seen.count("copies failed")
    if seen.uncopied:
        text = ngettext(
            "A copy of a disk could not be made in the last 7 days: %(names)s.",
            "%(count)s copies of disks could not be made in the last 7 days: %(names)s.",
            count,
        )
        yield _about_machines("copies", CARE, text, count, seen.uncopied)


RULES: tuple[Rule, ...] = (
    _worker, _cloud, _gateways, _hosts, _queue, _launches, _failed_machines, _mails,
    _pause, _clocks, _room, _ports, _terminals, FAILING_ROWS, FAILED_MAILS, FAILED_IMAGES, _copies, LOST_SERVERS, _cloud_check, OPEN_REQUESTS, OFFERS,
)  # fmt: skip


def _spanned(text: str, length: timedelta) -> str:
    return text % {"span": brief(length)}

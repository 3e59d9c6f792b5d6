"""Figures and the pulse of the dashboard, in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib.measures import UNBROKEN, memory
from lib.time_words import in_words
from machines.states import State
from portal.dashboard.need_parts import brief
from portal.dashboard.needs import CLOCKS_APART
from portal.dashboard.request_times import RequestTimes
from portal.dashboard.snapshot import ROLES, InState, Snapshot
from portal.ops.cloud_silence import Silence, silence_of
from portal.presenters.figure import Figure, tone_of_share
from portal.presenters.shown_nodes import ShownNode, shown_nodes
from portal.presenters.tones import tone_of
from tunnels.models import Gateway

MOST_HOSTS = 12  # that the page shows: those with trouble, then the fullest
CLOCKS_AGREE = timedelta(seconds=2)  # nearer than this they count as one


@dataclass(frozen=True, slots=True)
class Beat:
    """A line of the pulse: its name, how it is, and its colour."""

    name: str
    text: str
    tone: str = "on"
    href: str = ""


def shown_hosts(seen: Snapshot) -> tuple[list[ShownNode], int]:
    """Return the nodes worth a look, trouble first, then the fullest; and how many there are besides."""
    nodes = shown_nodes(seen.hosts, seen.now)
    return nodes[:MOST_HOSTS], len(nodes[MOST_HOSTS:])


def figures(seen: Snapshot) -> list[Figure]:
    return [_people(seen), _machines(seen), _room(seen), _queue(seen)]


def roles(seen: Snapshot) -> list[tuple[str, int]]:
    """Return how many people have each role. Whoever has two is counted twice."""
    return [(str(label), seen.people.get(role, 0)) for role, label in ROLES.items()]


def states(seen: Snapshot) -> list[tuple[str, str, InState]]:
    """Return the label, tone and machines of each state in which there are any, in the order of a life."""
    return [(str(state.label), tone_of(state), seen.states[state]) for state in State if state in seen.states]


def _people(seen: Snapshot) -> Figure:
    text = ngettext(
        "%(count)s signed in within 7 days", "%(count)s signed in within 7 days", lately := seen.people.get("lately", 0)
    )
    return Figure(_("People"), str(seen.people.get("all", 0)), rest=text % {"count": lately})


def _machines(seen: Snapshot) -> Figure:
    asleep, away = seen.in_state(State.SUSPENDED), seen.in_state(State.SHELVED, State.ARCHIVED)
    rest = _("Asleep: %(asleep)s; put away or archived: %(away)s") % {"asleep": asleep, "away": away}
    of = _("of %(count)s") % {"count": seen.machines}
    return Figure(_("Machines that run"), str(seen.in_state(State.RUNNING)), of, rest)


def _room(seen: Snapshot) -> Figure:
    room = seen.watch.room if seen.watch else {}
    if not room.get("ram_mb"):
        return Figure(_("Memory free"), "–", rest=_("not known yet"))
    free = max(0, room["ram_mb"] - room["ram_mb_used"])
    share = room["ram_mb_used"] / room["ram_mb"]
    tone = tone_of_share(share)
    processors = {"free": max(0, room["vcpus"] - room["vcpus_used"]), "all": room["vcpus"]}
    rest = _("and %(free)s of %(all)s processors") % processors
    return Figure(_("Memory free"), memory(free), _("of %(count)s") % {"count": memory(room["ram_mb"])}, rest, tone)


def _queue(seen: Snapshot) -> Figure:
    queued = seen.states.get(State.QUEUED)
    if queued is None:
        return Figure(_("Waiting for room"), "0", rest=_("nobody waits"))
    longest = brief(seen.now - (queued.queued_since or queued.since))
    return Figure(
        _("Waiting for room"), str(queued.count), rest=_("longest: %(span)s") % {"span": longest}, tone="busy"
    )


# ---- the pulse ----


def pulse(seen: Snapshot, times: RequestTimes | None) -> list[Beat]:
    """Return how each part is that pages and machines stand on."""
    gateways = [_gateway(gateway, seen) for gateway in seen.gateways]
    return [_list(seen), *gateways, _clock(seen), _pages(times), *_people_asked(seen), _check(seen)]


def _list(seen: Snapshot) -> Beat:
    watch = seen.watch
    if watch is None or watch.listed_at is None:
        return Beat(_("Last list"), _("none yet"), "trouble")
    facts = {"span": brief(seen.now - watch.listed_at), "seconds": number_format(round(watch.took_seconds, 1), 1)}
    tone = "on" if silence_of(watch, seen.now) == Silence.NONE else "trouble"
    return Beat(_("Last list"), _("%(span)s ago, took %(seconds)s s") % facts, tone)


def _gateway(gateway: Gateway, seen: Snapshot) -> Beat:
    name = _("Gateway %(name)s") % {"name": gateway.name}
    if gateway.heard_at is None:
        return Beat(name, _("never heard"), "trouble")
    span = brief(seen.now - gateway.heard_at)
    if not gateway.is_heard(seen.now):
        return Beat(name, _("silent for %(span)s") % {"span": span}, "trouble")
    open_now = seen.connections.get(gateway.pk, 0)
    text = ngettext(
        "heard %(span)s ago, %(count)s connection", "heard %(span)s ago, %(count)s connections", open_now
    ) % {"span": span, "count": open_now}
    return Beat(name, text, "on" if gateway.link_state(seen.now) in ("up", "unknown") else "trouble")


def _clock(seen: Snapshot) -> Beat:
    if abs(seen.clock_ahead) < CLOCKS_AGREE:
        return Beat(_("Clock"), _("the database's and ours agree"))
    ahead, behind = _("the database's is %(span)s ahead of ours"), _("the database's is %(span)s behind ours")
    text = ahead if seen.clock_ahead > timedelta() else behind
    said = text % {"span": in_words(seen.clock_ahead.total_seconds())}
    return Beat(_("Clock"), said, "busy" if abs(seen.clock_ahead) > CLOCKS_APART else "on")


def _pages(times: RequestTimes | None) -> Beat:
    if times is None:
        return Beat(_("Requests"), _("none counted yet"), "away")
    text = _("half within %(half)s ms, 19 of 20 within %(most)s ms")
    said = (text % {"half": times.half_ms, "most": times.most_ms}).replace(" ms", f"{UNBROKEN}ms")
    return Beat(_("Requests"), said, "on" if times.most_ms < 1000 else "busy")


def _people_asked(seen: Snapshot) -> Iterator[Beat]:
    asked = seen.count("questions")
    text = ngettext("%(count)s is open", "%(count)s are open", asked) % {"count": asked}
    yield Beat(_("Idle questions"), text, href=reverse("asks"))
    waiting, failed = seen.count("mails waiting"), seen.count("mails failed")
    said = _("%(waiting)s on their way, %(failed)s not delivered in 7 days") % {"waiting": waiting, "failed": failed}
    tone = "trouble" if seen.mails_since else "busy" if failed else "on"
    yield Beat(_("Mails"), said, tone, reverse("notices"))


def _check(seen: Snapshot) -> Beat:
    check, href = seen.check, reverse("cloud-check")
    if check is None or check.checked_at is None:
        return Beat(_("Cloud check"), _("never run"), "away", href)
    right = sum(row["ok"] == "right" for row in check.rows)
    facts = {"right": right, "all": len(check.rows), "span": brief(seen.now - check.checked_at)}
    is_wrong = any(row["ok"] == "wrong" for row in check.rows) or bool(check.fault)
    return Beat(
        _("Cloud check"), _("%(right)s of %(all)s OK, %(span)s ago") % facts, "busy" if is_wrong else "on", href
    )

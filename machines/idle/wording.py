"""Words for the outlook: one sentence of what happens next, one line for each signal, and the dates of a machine's whole life."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from machines.idle import times
from machines.idle.forecast import Outlook, Signal, first_visit_due
from machines.models import Activity
from machines.states import State, Wanted

FIRST_MEASURE = timedelta(minutes=3)  # one sample gives no rate: that takes a second one
_MEASURED = ("cpu", "disk", "nic")


def span(past: timedelta) -> str:
    """Write a length of time in one unit, rounded down: 40 min, 3 h, 5 days."""
    minutes = max(0, int(past.total_seconds() // 60))
    if minutes < 120:
        return _("%(count)s min") % {"count": minutes}
    if minutes < 48 * 60:
        return _("%(count)s h") % {"count": minutes // 60}
    return ngettext("%(count)s day", "%(count)s days", minutes // 1440) % {"count": minutes // 1440}


def sentence(outlook: Outlook, owner: str = "") -> str:
    """Say what happens next, and when; '' where nothing does by itself. owner: whoever is asked, '' for the reader."""
    machine = outlook.facts.machine
    if machine.binned_at:
        return _with_grace(_binned(outlook), outlook, owner)
    if (machine.state, machine.wanted) == (State.RUNNING, Wanted.RUNNING):
        return _running(outlook, owner)
    if not machine.has_come_true or outlook.deletes_at is None:
        return ""
    return _with_grace(_resting(outlook, owner), outlook, owner)


def _with_grace(said: str, outlook: Outlook, owner: str) -> str:
    """Add that nothing is archived or deleted yet, where the owner's subscription has just ended."""
    if not said or outlook.kept_until is None:
        return said
    yours = _("Your subscription has ended: nothing of yours is archived or deleted before %(at)s.")
    theirs = _("The subscription of %(owner)s has ended: nothing of theirs is archived or deleted before %(at)s.")
    return f"{said} {(theirs if owner else yours) % {'owner': owner, 'at': times.with_day(outlook.kept_until)}}"


def _binned(outlook: Outlook) -> str:
    if outlook.deletes_at is None:
        return ""
    at = times.with_day(outlook.deletes_at)
    return _("It is in the recycle bin. It is deleted for good on %(at)s, unless it is restored.") % {"at": at}


def _running(outlook: Outlook, owner: str) -> str:
    if outlook.held_until:
        at = times.moment(outlook.held_until, outlook.now)
        why = _("A class is in session: it stays awake until %(at)s at least.")
        return (why if outlook.in_lesson else _("Somebody keeps it awake until %(at)s.")) % {"at": at}
    if _is_unheard(outlook):
        said = _("It was started at %(started)s, and nothing was heard of it yet. It is left alone until %(asked)s.")
        return said % {"started": _at(_started_at(outlook), outlook), **_both_times(outlook)}
    if outlook.unknown and not _is_just_started(outlook):
        return _("It stays awake: nobody can tell just now whether it is in use.")
    if outlook.question and not outlook.came_back:
        return _asked(outlook, owner)
    facts = {"owner": owner, "minutes": idle_minutes(outlook)}
    if [signal for signal in outlook.at_work if signal.name != "start"]:
        yours = _("It is in use, so it stays awake. Once everything has been quiet for %(minutes)s min, you are asked.")
        theirs = _(
            "It is in use, so it stays awake. Once everything has been quiet for %(minutes)s min, %(owner)s is asked."
        )
        return (theirs if owner else yours) % facts
    yours = _(
        "If nothing happens in it, you are asked at %(asked)s; without an answer it goes to sleep at %(sleeps)s. Nothing is lost."
    )
    theirs = _(
        "If nothing happens in it, %(owner)s is asked at %(asked)s; without an answer it goes to sleep at %(sleeps)s. Nothing is lost."
    )
    return (theirs if owner else yours) % {**facts, **_both_times(outlook)}


def _is_just_started(outlook: Outlook) -> bool:
    return any(signal.name == "start" for signal in outlook.at_work)


def _is_unheard(outlook: Outlook) -> bool:
    """Say whether the machine has just been started, and nothing shows yet whether somebody uses it."""
    return bool(outlook.unknown) and [signal.name for signal in outlook.at_work] == ["start"]


def _started_at(outlook: Outlook) -> datetime | None:
    return next((signal.at for signal in outlook.signals if signal.name == "start"), None)


def _asked(outlook: Outlook, owner: str) -> str:
    facts = {"owner": owner, "at": _at(outlook.sleeps_at, outlook)}
    if not outlook.was_delivered:
        return (
            _(
                "Its owner is being asked, and was not reached yet. It goes to sleep at %(at)s at the latest. Nothing is lost."
            )
            % facts
        )
    yours = _(
        "You were asked whether it is still needed. Without an answer it goes to sleep at %(at)s. Nothing is lost."
    )
    theirs = _(
        "%(owner)s was asked whether it is still needed. Without an answer it goes to sleep at %(at)s. Nothing is lost."
    )
    return (theirs if owner else yours) % facts


def _resting(outlook: Outlook, owner: str) -> str:
    machine, facts = outlook.facts.machine, {"owner": owner}
    if machine.state == State.SUSPENDED and outlook.shelves_at:
        at = times.with_day(outlook.shelves_at)
        if outlook.kept_until:  # perhaps nobody may wake it
            return _("On %(at)s it is put away: its disk is kept, its memory is not.") % {"at": at}
        return _("Nobody has woken it. On %(at)s it is put away: its disk is kept, its memory is not.") % {"at": at}
    if machine.state == State.ARCHIVED and outlook.deletes_at:
        facts["at"] = times.with_day(outlook.deletes_at)
        yours = _("It is deleted on %(at)s, unless you want it kept. You are warned before.")
        theirs = _("It is deleted on %(at)s, unless %(owner)s wants it kept. %(owner)s is warned before.")
        return (theirs if owner else yours) % facts
    facts["at"] = times.with_day(outlook.archives_at or outlook.now)
    yours = _("If nobody uses it, it is archived on %(at)s. You are warned before.")
    return (_("If nobody uses it, it is archived on %(at)s. %(owner)s is warned before.") if owner else yours) % facts


def _at(at: datetime | None, outlook: Outlook) -> str:
    return times.moment(at or outlook.now, outlook.now)


def _both_times(outlook: Outlook) -> dict[str, str]:
    return {"asked": _at(outlook.asked_at, outlook), "sleeps": _at(outlook.sleeps_at, outlook)}


def idle_minutes(outlook: Outlook) -> int:
    """Return the minutes of quiet after which this machine is asked about."""
    policy = outlook.facts.policy
    return int(policy.first_minutes if first_visit_due(outlook.facts.activity) else policy.idle_minutes)


def if_closed(outlook: Outlook, owner: str = "") -> str:
    """Say what happens next in an outlook in which everything is closed."""
    if _is_unheard(outlook) and not outlook.held_until:
        yours = _("Nothing was heard of it yet, so that changes nothing. You are asked at %(asked)s at the earliest.")
        theirs = _(
            "Nothing was heard of it yet, so that changes nothing. %(owner)s is asked at %(asked)s at the earliest."
        )
        return (theirs if owner else yours) % {"owner": owner, **_both_times(outlook)}
    if outlook.held_until or outlook.unknown:
        return _running(outlook, owner)
    if [signal for signal in outlook.at_work if signal.name in ("cpu", "disk", "nic")]:
        return _("It stays awake as long as what runs in it keeps it busy. Closing connections does not stop that.")
    if outlook.question:
        return _asked(outlook, owner)
    yours = _("You are asked at %(asked)s; without an answer it goes to sleep at %(sleeps)s. Nothing is lost.")
    theirs = _("%(owner)s is asked at %(asked)s; without an answer it goes to sleep at %(sleeps)s. Nothing is lost.")
    return (theirs if owner else yours) % {"owner": owner, **_both_times(outlook)}


# ---- the signals ----


def label(signal: Signal) -> str:
    """Return a signal's name for people, in their language."""
    return {
        "start": _("Start"),
        "ports": _("Connections"),
        "console": _("Terminal in the portal"),
        "cpu": _("Processor"),
        "disk": _("Disk"),
        "nic": _("Network"),
        "hold": _("Kept awake"),
        "lesson": _("Class"),
    }[signal.name]


def condition_words(signal: Signal, outlook: Outlook) -> str:
    """Say what was heard of a signal: “one open, silent for 40 min”."""
    if signal.condition == "unknown":
        return _unknown(signal, outlook)
    activity = outlook.facts.activity or Activity(since=outlook.now)
    if signal.name == "start":
        past = outlook.now - activity.since
        return _("just now") if past < timedelta(minutes=1) else _("%(span)s ago") % {"span": span(past)}
    if signal.name in ("hold", "lesson"):
        return _("until %(at)s") % {"at": _at(signal.at, outlook)}
    if signal.name in ("ports", "console"):
        return _connections(signal, outlook, activity)
    return _load(signal, activity) + _quiet(signal, outlook, activity)


def _unknown(signal: Signal, outlook: Outlook) -> str:
    if signal.heard_at is None:
        return _("unknown: nothing was heard yet")
    if signal.name in _MEASURED and outlook.now - signal.heard_at < FIRST_MEASURE:
        return _("unknown: it is being measured")
    return _("unknown: nothing was heard for %(span)s") % {"span": span(outlook.now - signal.heard_at)}


def _connections(signal: Signal, outlook: Outlook, activity: Activity) -> str:
    """Say how many connections or terminals are open, and for how long they have been silent."""
    is_ports = signal.name == "ports"
    open_now, last = (activity.connections, activity.connected_at) if is_ports else (activity.console_open, signal.at)
    if open_now:
        count = ngettext("one open", "%(count)s open", open_now) % {"count": open_now}
        return f"{count}, {_quiet(signal, outlook, activity)}"
    if last is None or last < activity.since:
        return _("none since it was started")
    return _("none open, the last one %(span)s ago") % {"span": span(outlook.now - last)}


def _quiet(signal: Signal, outlook: Outlook, activity: Activity) -> str:
    if signal.condition == "work":
        return _("at work just now")
    past = outlook.now - (signal.at or activity.since)
    return (
        _("silent for %(span)s") % {"span": span(past)}
        if signal.name in ("ports", "console")
        else _("quiet for %(span)s") % {"span": span(past)}
    )


def _load(signal: Signal, activity: Activity) -> str:
    """Return the last measure in words; '' where this cloud does not report it."""
    if signal.name == "cpu" and activity.cpu_percent is not None:
        return f"{activity.cpu_percent:.0f}\u00a0%, "
    rate = {"disk": activity.disk_rate, "nic": activity.nic_rate}.get(signal.name)
    return "" if rate is None else _("%(count)s kB per second") % {"count": round(rate / 1000)} + ", "


def shown(outlook: Outlook) -> list[Signal]:
    """Return the signals that say something: no hold where nobody holds it, nothing that this cloud never reports."""
    activity = outlook.facts.activity
    unmeasured = (
        {"disk", "nic", "cpu"} if activity is None else {n for n, v in _measures(activity).items() if v is None}
    )
    has_terminals = activity is not None and activity.console_open > 0
    return [s for s in outlook.signals if _says(s, unmeasured, has_terminals)]


def _measures(activity: Activity) -> dict[str, float | None]:
    return {"cpu": activity.cpu_seconds, "disk": activity.disk_bytes, "nic": activity.nic_bytes}


def _says(signal: Signal, unmeasured: set[str], has_terminals: bool) -> bool:
    if signal.name in ("hold", "lesson"):
        return signal.condition == "work"
    if signal.name == "console":
        return signal.at is not None or has_terminals
    # Show one line for signals that were never heard, not three.
    return signal.name not in unmeasured or (signal.name == "cpu" and signal.condition == "unknown")


def dates(outlook: Outlook) -> list[tuple[str, datetime]]:
    """Return what becomes of the machine, and when, if nobody uses it any more."""
    found = [
        (_("Put away"), outlook.shelves_at),
        (_("Archived"), outlook.archives_at),
        (_("Deleted"), outlook.deletes_at),
    ]
    return [(name, at) for name, at in found if at is not None]

"""The first boot of a machine's disk, as cloud-init writes it to the console: whether its setup still runs, and how that ended.

One read of the console log is one call of the cloud. They are far apart, the longer the setup takes the farther, and end with it; an
image that shows no trace of cloud-init by the time its services answer is never looked at again, and waits for nothing.
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Max
from django.utils.translation import gettext_noop as _

import tunnels.queries
from accounts.failures import Failures
from cloud.contract import Cloud, CloudBusy, CloudError
from lib import events
from lib.notes import Note
from machines.launches_under_way import are_launches_under_way
from machines.models import Event, Machine
from machines.states import Setup, State

log = logging.getLogger(__name__)

LOOP = "first boots"  # of accounts.failures
LINES = 400  # of the console, the newest
SOONEST, LATEST = timedelta(seconds=10), timedelta(seconds=60)  # between two looks at one
EACH = timedelta(seconds=1)  # between two looks at any
# The same while launches are under way: each look is a question to the computer that makes their servers.
EACH_OF_A_CLASS = timedelta(seconds=5)
LONGEST = timedelta(hours=1)  # after this nobody looks any more
MOST = 20  # looked at in one turn
WIDTH = 200  # characters of a line that are kept
ANEW: dict[str, Any] = {
    "setup": Setup.NONE, "setup_line": "", "setup_fault": "", "setup_since": None, "setup_next_at": None, "setup_seen": False,
}  # fmt: skip

RUNS = _("Its first-boot setup still runs: %(line)s")
FAILED = _("Its first-boot setup failed: %(line)s. It can be used, but something may be missing; tell your teacher.")
OVERDUE = _("Its first-boot setup had not ended after an hour; its last line: %(line)s. Tell your teacher.")

_BEGINS = re.compile(r"Cloud-init v\. ?\S+ running 'init-local'")
_BANNER = re.compile(r"Cloud-init v\. ?\S+ (running|finished at)")
# The second pattern is for images and templates that set a final message of their own.
_ENDS = re.compile(r"Cloud-init v\. ?\S+ finished at|Reached target .*cloud-init", re.IGNORECASE)
_FAULT = re.compile(r"\S+\.py\[(?:(?:ERROR|CRITICAL)\]: |WARNING\]: .*(?:fail|unhandled))", re.IGNORECASE)
# cloud-init only says that a script failed. The reason is in the line that the script wrote before.
_OF_SCRIPT = re.compile(
    r"cc_scripts_\w+\.py\[|cc_runcmd\.py\[|subp\.py\[|Failed to install packages|Package (?:update|upgrade) failed"
)
_PROMPT = re.compile(r"login:$")
# ssh-keygen's pictures, tables, and the progress that systemd redraws twice a second while it waits.
_DRAWN = re.compile(r"^[|+].*[|+]$|^ci-info: |^\[[ *]+\] |^The key's randomart image is:")
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[@-Z\\^_])")
_STAMP = re.compile(r"^\[ *\d+\.\d+\] *")
# systemd's prefix of cloud-init's lines. The login prompt has no line feed, so such a line may follow on the prompt's line.
_OURS = re.compile(r"^(?:\S+ login: )?(?:\[ *\d+\.\d+\] *)?cloud-init\[\d+\]: ?")
_TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ - ")


@dataclass(frozen=True, slots=True)
class ConsoleReading:
    """The words of a console log about the last boot in it."""

    is_there: bool  # cloud-init runs or ran
    has_ended: bool
    line: str
    fault: str  # the first line about a failure


def read(console: str) -> ConsoleReading:
    """Read what a console says of the last boot. Guests' words are hostile: only a few characters are kept, and only those that print."""
    lines = [line for raw in console.splitlines() if (line := _line(raw))]
    begun = max((number for number, (text, _ours) in enumerate(lines) if _BEGINS.search(text)), default=0)
    boot = lines[begun:]
    # The kernel, systemd and the prompt write to the console, too. Where cloud-init's lines bear its name, only those count.
    lines_of_setup = [text for text, ours in boot if ours] or [text for text, _ours in boot]
    return ConsoleReading(
        is_there=any(ours or _BANNER.search(text) for text, ours in boot),
        has_ended=any(_ENDS.search(text) for text, _ours in boot),
        line=lines_of_setup[-1] if lines_of_setup else "",
        fault=_fault(lines_of_setup),
    )


def _fault(lines: list[str]) -> str:
    number = next((number for number, line in enumerate(lines) if _FAULT.search(line)), None)
    if number is None:
        return ""
    cause = lines[number - 1] if number and _OF_SCRIPT.search(lines[number]) else ""
    if not cause or _BANNER.search(cause):
        return lines[number]
    return f"{cause[: WIDTH // 2]} · {lines[number]}"[:WIDTH]


def _line(raw: str) -> tuple[str, bool] | None:
    """Return the text of a line, and whether cloud-init wrote it; None for a line that says nothing."""
    text = "".join(c for c in _ESCAPES.sub("", raw) if c.isprintable()).strip()
    is_ours = _OURS.search(text) is not None
    text = _TIME.sub("", _STAMP.sub("", _OURS.sub("", text)))[:WIDTH].strip()
    return None if not text or _PROMPT.search(text) or _DRAWN.search(text) else (text, is_ours)


def watch(machine: Machine, cloud: Cloud, now: datetime, *, is_last: bool) -> None:
    """Look at the console of a machine that is being built, when it is time, and once more when everything answers.

    One that is called running because it is slow may not have come as far as cloud-init yet: see tend.
    """
    if machine.state != State.BUILDING or machine.setup not in (Setup.NONE, Setup.RUNNING):
        return
    if machine.setup_since is None and not is_last:  # just switched on: nothing to read yet
        _write(machine, {"setup_since": now, "setup_next_at": now + _pause(now, now)})
    elif is_last or machine.setup_next_at is None or machine.setup_next_at <= now:
        # A console that cannot be read must not stop a launch.
        with Failures(LOOP, now).at(machine.pk, holder=machine.pk):
            look(machine, cloud, now, is_last=is_last)


def tend(cloud: Cloud, now: datetime) -> None:
    """Look at those that run while their setup goes on, or before they have come as far."""
    failures = Failures(LOOP, now)
    rows = Machine.objects.not_held().filter(state=State.RUNNING, setup_next_at__lte=now).exclude(server_id="")
    if not rows.exists():
        return
    for machine in rows.exclude(pk__in=failures.resting).order_by("setup_next_at")[:MOST]:
        with failures.at(machine.pk, holder=machine.pk):
            look(machine, cloud, now, is_last=tunnels.queries.primary_answered(machine.pk))
        if failures.is_enough:
            return


def look(machine: Machine, cloud: Cloud, now: datetime, *, is_last: bool) -> None:
    """Read the console once. The time of the next read is written first, so two workers never read at once and a lost reply costs a turn."""
    since = machine.setup_since or now
    turn = {"setup_since": since, "setup_next_at": now + _pause(since, now)}
    if not _write(machine, turn):
        return
    try:
        console = cloud.console_log(machine.server_id, LINES)
    except CloudBusy as error:
        log.warning("the console of machine %s: %s", machine.pk, error)
        return
    except CloudError as error:
        log.warning("the console of machine %s cannot be read: %s", machine.pk, error)
        console = ""
    _take(machine, _facts(machine, read(console), now, is_last=is_last))


def _pause(since: datetime, now: datetime) -> timedelta:
    """Return how long to wait before the next look at a machine, looked at since then: longer while a class launches."""
    watched = Machine.objects.filter(setup_next_at__isnull=False).count()
    each = EACH_OF_A_CLASS if are_launches_under_way(now) else EACH
    return max(min(max(SOONEST, (now - since) / 10), LATEST), watched * each)


def _facts(machine: Machine, reading: ConsoleReading, now: datetime, *, is_last: bool) -> dict[str, Any]:
    over: dict[str, Any] = {"setup_next_at": None}
    is_over = now - (machine.setup_since or now) > LONGEST
    if machine.setup == Setup.NONE and not reading.is_there:
        return over if is_last or is_over else {}
    facts = {"setup_line": reading.line or machine.setup_line, "setup_fault": machine.setup_fault or reading.fault}
    if reading.has_ended and (reading.is_there or machine.setup == Setup.RUNNING):
        return {"setup": Setup.FAILED if facts["setup_fault"] else Setup.DONE, **facts, **over}
    if is_over:
        return {"setup": Setup.OVERDUE, **facts, **over}
    return {"setup": Setup.RUNNING, **facts}


@transaction.atomic
def _take(machine: Machine, facts: dict[str, Any]) -> None:
    if facts and _write(machine, facts) and facts.get("setup") in (Setup.FAILED, Setup.OVERDUE):
        machine.record(Event.Kind.NOTED, note(machine))


def _write(machine: Machine, facts: dict[str, Any]) -> bool:
    """Write facts unless another worker has looked meanwhile, or the boot has started over."""
    known = {name: getattr(machine, name) for name in ("pk", "server_id", "setup_since", "setup_next_at")}
    if not Machine.objects.filter(**known).update(**facts):
        return False
    events.publish("machine", machine.pk)
    for name, value in facts.items():
        setattr(machine, name, value)
    return True


def note(machine: Machine) -> Note:
    """Return what to say of the setup; empty where it ended well, or somebody has seen how it ended."""
    if machine.setup == Setup.RUNNING:
        return Note(RUNS, {"line": machine.setup_line})
    if machine.setup_seen:
        return Note()
    if machine.setup == Setup.FAILED:
        return Note(FAILED, {"line": machine.setup_fault})
    return Note(OVERDUE, {"line": machine.setup_line}) if machine.setup == Setup.OVERDUE else Note()


def failures_of(templates: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return for each template of how many living machines the setup failed, and what one of them said."""
    rows = Machine.objects.alive().filter(template__in=templates, setup__in=(Setup.FAILED, Setup.OVERDUE))
    counted = rows.order_by().values("template").annotate(count=Count("pk"), fault=Max("setup_fault"))
    return {row["template"]: (row["count"], row["fault"]) for row in counted}

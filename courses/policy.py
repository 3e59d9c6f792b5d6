"""The idle policy: when a machine that nobody uses is asked about, put to sleep, put away, archived and deleted.

One set of defaults for the site (settings.IDLE); a course may change any of them, and a template any of its course's.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext_noop as _

from lib.notes import Refusal

if TYPE_CHECKING:
    from courses.models import Template

log = logging.getLogger(__name__)


class BadPolicy(Refusal):
    status = 400
    code = "bad_policy"


@dataclass(frozen=True, slots=True)
class IdlePolicy:
    """Where the numbers come from: section 2 of the field study (Emulab, VCL, Azure Lab Services, Bumblebee, IsardVDI)."""

    idle_minutes: float = 45  # all signals quiet for so long: its owner is asked
    ask_minutes: float = 15  # for an answer
    first_minutes: float = 20  # the same two where nobody has connected since it was started
    first_ask_minutes: float = 10
    port_bytes_per_minute: float = 1000  # fewer are keep-alives, not work
    cpu_percent: float = 5  # of all its processors together
    disk_bytes_per_second: float = 20_000
    nic_bytes_per_second: float = 5_000  # what its network says by itself (ARP, DHCP, time) stays below
    more_minutes: float = 120  # the answer “a little longer”
    may_hold: bool = True  # whether a student may say “a long job until …”
    hold_hours: float = 12  # the most for one long job
    hold_hours_a_week: float = 24  # of one machine, in seven days; a teacher may give more
    hold_offered_minutes: float = 30  # before the end of the countdown; not sooner, or everybody would
    shelve_hours: float = 48  # asleep for so long: put away, which frees its host
    archive_days: float = 30  # unused for so long: archived as an image
    delete_days: float = 90  # archived for so long: deleted
    bin_days: float = 7  # deleted by its owner: can be had back for so long

    def changed_by(self, changes: Mapping[str, Any]) -> "IdlePolicy":
        """Raises BadPolicy with a sentence."""
        return replace(self, **{name: _checked(name, value) for name, value in changes.items()})


NAMES = {field.name for field in fields(IdlePolicy)}
# Lowest and highest of what a teacher may set: so that people can answer in time, and every place comes back one day.
LIMITS: dict[str, tuple[float, float]] = {
    "idle_minutes": (10, 1440), "ask_minutes": (5, 240), "first_minutes": (5, 1440), "first_ask_minutes": (5, 240),
    "port_bytes_per_minute": (500, 1e6), "cpu_percent": (2, 100), "disk_bytes_per_second": (5000, 1e8), "nic_bytes_per_second": (2000, 1e8),
    "more_minutes": (15, 1440), "hold_hours": (1, 72), "hold_hours_a_week": (1, 168),
    "hold_offered_minutes": (5, 1440), "shelve_hours": (1, 720), "archive_days": (8, 365), "delete_days": (8, 730), "bin_days": (1, 90),
}  # fmt: skip


def site_policy() -> IdlePolicy:
    return _site(tuple(sorted(settings.IDLE.items())))


def policy_of(template: "Template") -> IdlePolicy:
    """The site's, changed by the template's course, changed by the template. Its course should be loaded with it."""
    policy = site_policy()
    if template.course_id and template.course and template.course.idle:
        policy = _believed(policy, template.course.idle, f"course {template.course.slug}")
    return _believed(policy, template.idle, f"template {template.slug}") if template.idle else policy


def checked_rules(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The same changes, once each is a rule and within LIMITS. Raises BadPolicy with a sentence."""
    IdlePolicy().changed_by(changes)
    for name in LIMITS.keys() & changes.keys():
        low, high = LIMITS[name]
        if not low <= changes[name] <= high:
            raise BadPolicy(
                _("“%(name)s” is a number from %(low)s to %(high)s."), {"name": name, "low": low, "high": high}
            )
    return dict(changes)


def _believed(policy: IdlePolicy, changes: Mapping[str, Any], where: str) -> IdlePolicy:
    """One wrong row must not stop the sweep for all others: its changes are left out, and the log says so."""
    try:
        return policy.changed_by(changes)
    except BadPolicy as error:
        log.error("the idle rules of %s are left out: %s", where, error)
        return policy


@lru_cache(maxsize=8)
def _site(items: tuple[tuple[str, Any], ...]) -> IdlePolicy:
    return IdlePolicy().changed_by(dict(items))


def _checked(name: str, value: Any) -> Any:
    if name not in NAMES:
        raise BadPolicy(_("There is no rule called “%(name)s”."), {"name": name})
    if name == "may_hold":
        if type(value) is not bool:
            raise BadPolicy(_("“%(name)s” is yes or no."), {"name": name})
        return value
    if type(value) not in (int, float) or not 0 < value < 1e9:
        raise BadPolicy(_("“%(name)s” is a number above 0."), {"name": name})
    return value

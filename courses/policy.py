"""The idle policy: when a machine that nobody uses is asked about, put to sleep, put away, archived and deleted.

One set of defaults for the site (settings.IDLE); a course may change any of them, and a template any of its course's.
"""

import logging
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext_noop as _

from lib.environment import FLAG, Environment, Variable, number
from lib.notes import Refusal

if TYPE_CHECKING:
    from courses.models import Template

log = logging.getLogger(__name__)


class BadPolicy(Refusal):
    """A rule that does not exist, or a value that it cannot have."""

    status = 400
    code = "bad_policy"


def _rule(default: float, unit: str, limits: tuple[float, float] | None, doc: str) -> Any:
    """Return a rule of the policy: its default, and for the documentation its unit, a teacher's limits and what it says."""
    return field(default=default, metadata={"unit": unit, "limits": limits, "doc": doc})


# fmt: off
@dataclass(frozen=True, slots=True)
class IdlePolicy:
    """The rules. Their numbers come from other laboratories: Emulab, VCL, Azure Lab Services, Bumblebee, IsardVDI.

    The limits are what a teacher may set, so that people can answer in time and every place comes back one day.
    """

    idle_minutes: float = _rule(45, "minutes", (10, 1440), "When all signals were quiet for so long, the owner is asked.")
    ask_minutes: float = _rule(15, "minutes", (5, 240), "How long the owner has for an answer.")
    first_minutes: float = _rule(20, "minutes", (5, 1440), "idle_minutes where nobody has connected since the machine was started.")
    first_ask_minutes: float = _rule(10, "minutes", (5, 240), "ask_minutes where nobody has connected since the machine was started.")
    port_bytes_per_minute: float = _rule(1000, "bytes per minute", (500, 1e6), "Traffic of a public port that counts as work. Less is keep-alives.")
    cpu_percent: float = _rule(5, "percent", (2, 100), "Load of all processors of the machine together that counts as work.")
    disk_bytes_per_second: float = _rule(20_000, "bytes per second", (5000, 1e8), "Traffic of the disks that counts as work.")
    nic_bytes_per_second: float = _rule(5_000, "bytes per second", (2000, 1e8), "Traffic of the network that counts as work. ARP, DHCP and time stay below.")
    more_minutes: float = _rule(120, "minutes", (15, 1440), "How long the answer “a little longer” lasts.")
    may_hold: bool = _rule(True, "", None, "Whether students may announce a long job.")
    hold_hours: float = _rule(12, "hours", (1, 72), "The longest that one long job may last.")
    hold_hours_a_week: float = _rule(24, "hours", (1, 168), "The longest that long jobs of one machine may last in seven days. A teacher may give more.")
    hold_offered_minutes: float = _rule(30, "minutes", (5, 1440), "How long before the countdown ends a long job is offered. Earlier, everybody would take it.")
    shelve_hours: float = _rule(48, "hours", (1, 720), "After so long asleep a machine is put away, which frees its host.")
    archive_days: float = _rule(30, "days", (8, 365), "After so long unused a machine is archived as an image.")
    delete_days: float = _rule(90, "days", (8, 730), "After so long in the archive a machine is deleted.")
    bin_days: float = _rule(7, "days", (1, 90), "For so long a machine that its owner deleted can be had back.")

    def changed_by(self, changes: Mapping[str, Any]) -> "IdlePolicy":
        """Return the policy with these rules changed. Raises BadPolicy with a sentence."""
        return replace(self, **{name: _checked(name, value) for name, value in changes.items()})


# fmt: on
NAMES = {rule.name for rule in fields(IdlePolicy)}
LIMITS: dict[str, tuple[float, float]] = {
    rule.name: rule.metadata["limits"] for rule in fields(IdlePolicy) if rule.metadata["limits"]
}


def _variable(rule: Field[Any]) -> Variable:
    """Return the environment variable by which a site changes this rule."""
    unit, default = rule.metadata["unit"], rule.default
    kind, written = (number(unit), f"{default:g}") if unit else (FLAG, "on" if default else "off")
    return Variable(f"IDLE_{rule.name.upper()}", kind, written, rule.metadata["doc"])


VARIABLES: dict[str, Variable] = {rule.name: _variable(rule) for rule in fields(IdlePolicy)}


def site_rules(environment: Environment) -> dict[str, float | bool]:
    """Return the rules that this site sets itself, as by IDLE_IDLE_MINUTES=60."""
    return {name: environment[variable.name] for name, variable in VARIABLES.items() if variable.name in environment}


def site_policy() -> IdlePolicy:
    """Return the policy of the site: the defaults, changed by settings.IDLE."""
    return _site(tuple(sorted(settings.IDLE.items())))


def policy_of(template: "Template") -> IdlePolicy:
    """Return the site's policy, changed by the template's course, then by the template. Load its course with it, or it costs a query."""
    policy = site_policy()
    if template.course_id and template.course and template.course.idle:
        policy = _believed(policy, template.course.idle, f"course {template.course.slug}")
    return _believed(policy, template.idle, f"template {template.slug}") if template.idle else policy


def checked_rules(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same changes. Raises BadPolicy with a sentence where one is no rule or not within LIMITS."""
    IdlePolicy().changed_by(changes)
    for name in LIMITS.keys() & changes.keys():
        low, high = LIMITS[name]
        if not low <= changes[name] <= high:
            raise BadPolicy(
                _("“%(name)s” is a number from %(low)s to %(high)s."), {"name": name, "low": low, "high": high}
            )
    return dict(changes)


def _believed(policy: IdlePolicy, changes: Mapping[str, Any], where: str) -> IdlePolicy:
    """Apply the changes of one row. Wrong ones are left out and logged: one row must not stop the sweep for all others."""
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

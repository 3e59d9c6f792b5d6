"""Rules for what a person may do to what they know of: None, or the refusal that they read."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpResponse
from django.utils.translation import gettext_noop as _

from accounts.announcements import current
from accounts.models import Announcement, AuditRow, Donor, Notice, RowFailure, Subscription, Terms, User, WallThanks
from catalog.models import Flavor, Image
from courses.models import Template
from lib.notes import Refusal
from machines.idle import durations
from machines.models import Answer, BulkRun, Machine, Question, Stray
from machines.refusals import FOR_ADMINS
from machines.verbs import FOR_ADMINS as ADMIN_VERBS
from machines.verbs import Verb
from nodes.models import Computer, Donation, Node, Photo, Plan, WipeCertificate
from portal.access.roles import administers, teaches, teaches_in, teaches_somewhere
from portal.access.visibility import changeable, to_decide
from portal.models import CloudCheck, DayCount, Finding
from quotas.models import QuotaRequest

Thing = Model | type[Model]
View = Callable[..., HttpResponse]
# Whoever teaches with a machine's template may read its state and history, wake it, and check the way to it. Nothing else: no way in,
# no disk, no keys. A check tells which hop is broken, and no address, no port of the gateway, nothing that a guest says.
TEACHER_VERBS = frozenset({"watch", "wake", "check"})
# What owners and administrators may do beside the verbs of a machine's life.
OWNER_VERBS = frozenset({*Verb, "look", "close_port", "download", "copy", "moments", "dial", "watch", "check"})
# Answers that do not take a machine away from its owner.
TEACHER_ANSWERS = frozenset({*durations.KEEPING, Answer.Choice.KEEP})


class Forbidden(Refusal):
    """A refusal that depends on the person, not on the thing's state."""

    status = 403
    code = "forbidden"


class NotYours(Forbidden):
    """The person may not do this here, but others may."""

    code = "not_yours"


_STAFF = _("You may not do this.")
_OWN_TIME = _("Your own machine follows the same rules as everybody's: answer when you are asked about it, or use it.")
_ADMINS = _("Only administrators may do this.")
TAKEN_BY_STAFF = _("Staff took this photo; only they can remove it.")


def why_not(person: User, verb: str, thing: Thing) -> Refusal | None:
    """Return why this person may not do `verb` to `thing` (a row, or a model where it is about none yet); None if they may."""
    model = thing if isinstance(thing, type) else type(thing)
    return RULES[model](person, verb, thing)


def may(person: User, verb: str, thing: Thing) -> bool:
    """Say whether this person may do `verb` to `thing`: see why_not."""
    return why_not(person, verb, thing) is None


def require(person: User, verb: str, thing: Thing) -> None:
    """Raise the refusal, where there is one."""
    if refusal := why_not(person, verb, thing):
        raise refusal


def _machine(person: User, verb: str, machine: Any) -> Refusal | None:
    if verb == "launch":  # there is no machine yet; administrators try whether all is well before a maintenance ends
        return None if administers(person) else current.why_paused(person)
    if verb in ADMIN_VERBS:
        return None if administers(person) else Forbidden(_ADMINS)
    if verb == "keep_awake":
        return _keep_awake(person, machine)
    if verb in TEACHER_VERBS and teaches_in(person, machine):
        return None
    if verb == "see_faults":
        return None if teaches(person) else Forbidden(_STAFF)
    if verb == "dismiss_refusal":
        return _dismiss(person, machine)
    if verb in ("dismiss_setup", "dismiss_vanished"):
        return None if person.pk == machine.owner_id else _not_read_yet(person)
    if verb == "change_keys":  # not even an administrator lets a key into somebody's machine, or takes one away
        return None if person.pk == machine.owner_id else NotYours(_("Only its owner may change the keys in it."))
    if verb not in OWNER_VERBS:
        raise ValueError(f"No rule says who may {verb} a machine.")
    return None if person.pk == machine.owner_id or administers(person) else Forbidden(_STAFF)


def _keep_awake(person: User, machine: Machine) -> Refusal | None:
    if administers(person):
        return None
    if teaches_in(person, machine):  # else authors would keep their own machines on for ever, week by week
        return None if person.pk != machine.owner_id else Forbidden(_OWN_TIME)
    return NotYours(_("Only those who teach with its template can give this machine more time."))


def may_keep_awake(person: User, taught: Iterable[Machine]) -> set[UUID]:
    """Return which of the machines that a person teaches with they may keep awake: `_keep_awake` without a query for each."""
    return {machine.pk for machine in taught if administers(person) or machine.owner_id != person.pk}


def _dismiss(person: User, machine: Machine) -> Refusal | None:
    """Say who may put a refusal away: its owner, or for what only administrators ask for an administrator."""
    if machine.refused in FOR_ADMINS:
        return None if administers(person) else Forbidden(_ADMINS)
    return None if person.pk == machine.owner_id else _not_read_yet(person)


def _not_read_yet(person: User) -> Refusal:
    return Forbidden(_("Its owner has not read this yet, so it stays.") if administers(person) else _ADMINS)


def _question(person: User, choice: str, question: Any) -> Refusal | None:
    if isinstance(question, type):  # the list of them
        return None if teaches_somewhere(person) else Forbidden(_STAFF)
    if person.pk == question.machine.owner_id or administers(person):
        return None
    if choice in TEACHER_ANSWERS and teaches_in(person, question.machine):
        return None
    return NotYours(_("Only its owner can answer this."))


def _template(person: User, verb: str, template: Any) -> Refusal | None:
    if isinstance(template, Template) and changeable(person).filter(pk=template.pk).exists():
        return None
    if verb == "see_changes":
        return NotYours(_("Only its author, the teachers of its course and administrators may see this."))
    if verb == "teach":
        return None if teaches_somewhere(person) else Forbidden(_STAFF)
    if not teaches(person):
        return Forbidden(_("Only teachers and administrators may change templates."))
    if isinstance(template, type):
        return None
    return NotYours(_("Only its author, the teachers of its course and administrators may change this template."))


def _catalog(person: User, verb: str, _thing: Any) -> Refusal | None:
    """Say who may read and change the catalog: teachers read it, administrators change it."""
    if verb == "see":
        return None if teaches(person) else Forbidden(_("Only teachers see what templates are made of."))
    return None if administers(person) else Forbidden(_STAFF)


def _request(person: User, verb: str, request: Any) -> Refusal | None:
    """Say who may decide requests for more; to read one's own, or to ask, nobody is refused."""
    if isinstance(request, type):
        return None if verb != "decide" or teaches(person) else Forbidden(_STAFF)
    if verb != "decide" or to_decide(person).filter(pk=request.pk).exists():
        return None
    return NotYours(_("Only administrators and the author of its template may decide this."))


def _administration(person: User, _verb: str, _thing: Any) -> Refusal | None:
    return None if administers(person) else Forbidden(_STAFF)


def _donation(person: User, verb: str, donation: Any) -> Refusal | None:
    """Let anybody offer, also who is not signed in; donors read and confirm what they gave; the rest is the administrators'."""
    if verb == "offer":
        return None
    is_theirs = not isinstance(donation, type) and person.is_active and donation.donor.user_id == person.pk
    if verb == "confirm":  # not even an administrator answers for them
        return None if is_theirs else NotYours(_("Only its donor can say whether the list is right."))
    if verb == "add_photo":  # those of administrators are of a computer
        return None if is_theirs else NotYours(_("Only its donor can add photos here; staff add them at a computer."))
    return None if administers(person) or (verb == "see" and is_theirs) else Forbidden(_STAFF)


def _donor(person: User, verb: str, donor: Any) -> Refusal | None:
    """Let an organisation's team see what it gave, and each leave; whose row it is does the rest, by their link or in their account."""
    if isinstance(donor, type) or not person.is_active:
        return None if person.is_active else Forbidden(_STAFF)
    if verb in ("see", "leave") and donor.team.filter(user=person).exists():
        return None
    if donor.user_id == person.pk:
        return None
    return NotYours(_("Only the donor can do this."))


def _photo(person: User, verb: str, photo: Any) -> Refusal | None:
    """Let donors see the photos of what they gave and remove their own; administrators see and remove all."""
    if isinstance(photo, type):  # of none in particular nobody is refused
        return None
    is_theirs = person.is_active and photo.donation.donor.user_id == person.pk
    if administers(person) or (is_theirs and (verb == "see" or photo.is_donors)):
        return None
    return NotYours(TAKEN_BY_STAFF) if is_theirs else Forbidden(_STAFF)


def _certificate(person: User, verb: str, certificate: Any) -> Refusal | None:
    """Let donors see the certificates of what they gave; administrators issue, see and withdraw all."""
    if verb == "see" and isinstance(certificate, type):  # of none in particular nobody is refused
        return None
    is_theirs = verb == "see" and person.is_active and certificate.computer.donation.donor.user_id == person.pk
    return None if administers(person) or is_theirs else Forbidden(_STAFF)


def _subscription(person: User, verb: str, row: Any) -> Refusal | None:
    """Let its holder give days away, and administrators renew; to read one's own, or to use a code, nobody is refused."""
    if verb in ("see", "claim"):
        return None
    if verb == "give":  # not even an administrator gives away what is another's
        is_theirs = not isinstance(row, type) and row.holder == person
        return None if is_theirs else NotYours(_("Only whose subscription it is can give days away."))
    return None if administers(person) else Forbidden(_STAFF)


def _announcement(person: User, verb: str, _announcement: Any) -> Refusal | None:
    """Let everybody read and dismiss what is meant for them, and administrators write."""
    return None if verb in ("see", "dismiss") or administers(person) else Forbidden(_STAFF)


def _bulk_run(person: User, verb: str, run: Any) -> Refusal | None:
    """Let administrators see all runs, and each start those that they prepared themselves."""
    if not administers(person):
        return Forbidden(_STAFF)
    if isinstance(run, type) or verb != "start" or run.by_id == person.pk:
        return None
    return NotYours(_("Somebody else chose these machines. Choose them yourself."))


RULES: dict[type[Model], Callable[[User, str, Any], Refusal | None]] = {
    Machine: _machine,
    Question: _question,
    Template: _template,
    Image: _catalog,
    Flavor: _catalog,
    Stray: _administration,
    RowFailure: _administration,
    Notice: _administration,
    AuditRow: _administration,
    Terms: _administration,
    User: _administration,
    QuotaRequest: _request,
    DayCount: _administration,
    Finding: _administration,
    CloudCheck: _administration,
    BulkRun: _bulk_run,
    Announcement: _announcement,
    Donation: _donation,
    Donor: _donor,
    Computer: _administration,
    Photo: _photo,
    WipeCertificate: _certificate,
    Plan: _administration,
    Node: _administration,
    Subscription: _subscription,
    WallThanks: _administration,
}


def only(verb: str, model: type[Model]) -> Callable[[View], View]:
    """Answer everybody else with the 403 page: that there is such a page is no secret."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if why_not(request.user, verb, model):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate

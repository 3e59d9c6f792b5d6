"""Mails to donors: their link when they offer, and each step that matters, one mail for all computers of a press."""

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import emails
from accounts.donors import donor_links
from accounts.models import Donor, Notice, User
from accounts.notices import kinds, outbox
from nodes import alike, overtaking, states
from nodes.models import Computer, Donation, StateChange, WipeCertificate
from nodes.states import State
from nodes.subscriptions import plans
from nodes.subscriptions.plan_words import brings

OFFERED, STEPPED, LINK, TIED = "donation.offered", "donation.step", "donation.link", "donation.tied"
ERASURE = "donation.erasure"
_BRING_NOTHING = (
    State.OFFERED,
    State.DECLINED,
    State.LOST,
)  # in which an accepted computer may be by the time of the mail


def register() -> None:
    """Make the kinds of notices known. Nobody unsubscribes from what becomes of their own computer."""
    offered = gettext_lazy("Offers of computers, with the donor's link")
    kinds.register(kinds.Kind(OFFERED, offered, offered_facts, "donating/offered_mail", proves_address=True))
    stepped = gettext_lazy("What becomes of a given computer")
    kinds.register(kinds.Kind(STEPPED, stepped, step_facts, "donating/step_mail", proves_address=True))
    link = gettext_lazy("A donor's link, asked for anew")
    kinds.register(kinds.Kind(LINK, link, link_facts, "donating/link_mail", proves_address=True))
    erasure = gettext_lazy("A link that erases a donor's data")
    kinds.register(kinds.Kind(ERASURE, erasure, erasure_facts, "donating/erasure_mail", proves_address=True))
    tied = gettext_lazy("What was given became part of an account")
    kinds.register(kinds.Kind(TIED, tied, tied_facts, "donating/tied_mail", proves_address=True))


def tell_of_offer(donation: Donation, now: datetime) -> None:
    """Send the donor their link. Belongs into the transaction of the offer."""
    send(OFFERED, donation.donor, f"donation:{donation.pk}", now)


def tell_of_step(donation: Donation, batch: uuid.UUID, *, now: datetime, not_before: datetime) -> None:
    """Tell the donor of a step, once it can no longer be taken back. Belongs into the transaction of the step."""
    send(STEPPED, donation.donor, overtaking.about(batch), now, not_before=not_before)


def cancel_step(batch: uuid.UUID) -> bool:
    """Send nothing of a step that is taken back. Returns whether that is so: False where the mail has left, or is leaving."""
    outbox.cancel([overtaking.about(batch)], outbox.PASSED_OVER)
    gone = (Notice.State.SENDING, Notice.State.DELIVERED)
    return not Notice.objects.filter(about=overtaking.about(batch), state__in=gone).exists()


def to_account(user: User) -> QuerySet[Notice]:
    """Select what was sent to somebody's account about what they gave, and about their subscriptions."""
    return Notice.objects.filter(Q(kind__startswith="donation.") | Q(kind__startswith="subscription."), recipient=user)


def send_link(donor: Donor, now: datetime) -> None:
    """Send the donor a link, who has lost theirs."""
    send(LINK, donor, f"donor:{donor.pk}:{uuid.uuid4().hex[:12]}", now)


def send_erasure_link(donor: Donor, now: datetime) -> None:
    """Send the donor the link that erases their data, to their own address."""
    about = f"donor:{donor.pk}:erase:{uuid.uuid4().hex[:12]}"
    ends = now + donor_links.ERASURE_LIFE
    outbox.send(kind=ERASURE, to=donor, about=about, channels=[Notice.Channel.MAIL], now=now, ends_at=ends)


def tell_of_tie(donor: Donor, user: User, now: datetime) -> None:
    """Tell whoever reads the donor's own address that mails go to an account from now on: a link may have come into other hands."""
    about = f"donor:{donor.pk}:account:{user.pk}"
    outbox.send(kind=TIED, to=donor, about=about, channels=[Notice.Channel.MAIL], now=now)


def send(kind: str, donor: Donor, about: str, now: datetime, not_before: datetime | None = None) -> None:
    """Mail a donor: to their account, once they are tied to one with a verified address. Belongs into the action's transaction."""
    to = donor.user if donor.user and emails.proven(donor.user) else donor  # an account without one gets no mail
    outbox.send(kind=kind, to=to, about=about, channels=[Notice.Channel.MAIL], now=now, not_before=not_before)


# ---- what the mails say ----


def offered_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the first mail says."""
    donation = _donation(notice.about.partition(":")[2])
    if donation is None:
        return None
    computers = list(donation.computers.all())
    count = len(computers)
    subject = ngettext("Your offer of a computer", "Your offer of %(count)s computers", count) % {"count": count}
    greeting = greet(notice, donation.donor)
    if not greeting["is_known"]:
        for computer in computers:
            computer.model = ""
    _add_what_they_bring(row for row in computers if row.state == State.OFFERED)
    return {"subject": subject, "donation": donation, "lines": alike.lines(computers), **greeting}


def step_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail about a step says."""
    batch = notice.about.partition(":")[2]
    rows = StateChange.objects.filter(batch=batch).select_related("computer").order_by("computer_id")
    changes = [row for row in rows if states.is_told(row.from_state, row.to_state)]
    if not changes:
        return None
    computers = [change.computer for change in changes]
    donation = _donation(computers[0].donation_id)
    is_welcome_late = changes[0].to_state == State.ACCEPTED and all(each.state != State.ACCEPTED for each in computers)
    if donation is None or is_welcome_late:  # nobody is asked to bring what is here already
        return None
    paths = overtaking.paths_to(changes)
    _add_what_they_bring(_just_welcome(changes, paths))
    return {
        "subject": _subject(changes[0], computers),
        "state": "found" if changes[0].from_state == State.LOST else changes[0].to_state,
        "is_fetched": donation.handover == Donation.Handover.FETCH,
        "address": settings.DONATIONS_EMAIL,
        "place": settings.DONATIONS_PLACE,
        "reason": _reasons(changes),
        "where_it_helps": Computer(reason=changes[0].reason).where_it_helps,
        "lines": _lines(changes, paths),
        "brings_something": any(getattr(each, "brings", "") for each in computers),
        "count": len(computers),
        "is_certified": WipeCertificate.objects.filter(computer__in=computers, withdrawn_at=None).exists(),
        "may_confirm": not donation.confirmed and any(State.RECEIVED in path for path in paths.values()),
        "is_all_here": not donation.computers.filter(state=State.ACCEPTED).exists(),
        "page": page_of(donation.donor),
    }


def _just_welcome(changes: list[StateChange], paths: dict[int, tuple[str, ...]]) -> list[Computer]:
    """Return the computers of which this mail is the first to say that they are accepted."""
    rows = [change.computer for change in changes if State.ACCEPTED in paths[change.pk]]
    return [row for row in rows if row.state not in _BRING_NOTHING]


def _lines(changes: list[StateChange], paths: dict[int, tuple[str, ...]]) -> list[tuple[alike.Line, list[str]]]:
    """Return a line for each kind of computers that a step moved, with the states on their path that no mail has told."""
    found = alike.groups(changes, lambda change: (alike.kind_of(change.computer), paths[change.pk]))
    return [
        (
            alike.Line([change.computer for change in group]),
            [str(State(state).label) for state in paths[group[0].pk]] if len(paths[group[0].pk]) > 1 else [],
        )
        for group in found
    ]


def _reasons(changes: list[StateChange]) -> str:
    """Return why these are not accepted: the one reason that was given, and what else is true of all of them; '' where they are."""
    said = {change.computer.reasons for change in changes}
    given = str(Computer(reason=changes[0].reason).get_reason_display()) if changes[0].reason else ""
    return said.pop() or given if len(said) == 1 else given


def link_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail with a new link says."""
    donor = Donor.objects.filter(pk=notice.about.split(":")[1], erased_at=None).first()
    if donor is None:
        return None
    page = donor_page(donor_links.new_token(donor))
    return {"subject": _("Your link to what you gave"), **greet(notice, donor), "page": page}


def erasure_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail with the link says that erases a donor's data."""
    donor = Donor.objects.filter(pk=notice.about.split(":")[1], erased_at=None, user=None).first()
    if donor is None:
        return None
    page = f"{settings.PORTAL_URL}{reverse('given-erase', args=[donor_links.erasure_token(donor)])}"
    return {"subject": _("Erase what is kept of you?"), **greet(notice, donor), "page": page}


def tied_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says to the donor's own address after they were tied to an account."""
    donor = Donor.objects.select_related("user").filter(pk=notice.about.split(":")[1], erased_at=None).first()
    if donor is None or donor.user is None:
        return None
    facts = {"account": donor.user.username, "address": settings.DONATIONS_EMAIL}
    return {"subject": _("What you gave is now part of an account"), **facts}


def _add_what_they_bring(computers: Iterable[Computer]) -> None:
    """Note on each of these computers, as `brings`, the subscription that its donor gets for it."""
    ways = plans.enabled()
    for computer in computers:
        plan = plans.plan_for(plans.worth_of(computer), ways)
        computer.brings = brings(plan) if plan else ""  # type: ignore[attr-defined]


def greet(notice: Notice, donor: Donor) -> dict[str, Any]:
    """Return how a mail begins, and the donor's page. A stranger may have typed what we know, until somebody who reads this address acts."""
    is_known = bool(donor.user_id or donor.verified_at)
    hello = _("Hello %(name)s,") % {"name": notice.reader.short_name} if is_known else _("Hello,")
    return {"hello": hello, "is_known": is_known, "page": page_of(donor)}


def _subject(change: StateChange, computers: list[Computer]) -> str:
    if change.from_state == State.LOST:
        return ngettext("Your computer turned up", "Your computers turned up", len(computers))
    words = {
        State.ACCEPTED: ngettext("Your computer is welcome", "Your computers are welcome", len(computers)),
        State.DECLINED: ngettext(
            "We cannot take your computer", "We cannot take these of your computers", len(computers)
        ),
        State.RECEIVED: ngettext("Your computer is here", "Your computers are here", len(computers)),
        State.WIPED: ngettext("Your computer's disk is wiped", "Your computers' disks are wiped", len(computers)),
        State.IN_SERVICE: ngettext("Your computer is in service", "Your computers are in service", len(computers)),
        State.PARTS: ngettext(
            "Your computer helps with its parts", "Your computers help with their parts", len(computers)
        ),
        State.LOST: ngettext("We cannot find your computer", "We cannot find your computers", len(computers)),
        State.RETIRED: ngettext("Your computer is retired", "Your computers are retired", len(computers)),
        State.RECYCLED: ngettext("Your computer went to recycling", "Your computers went to recycling", len(computers)),
    }
    return words[State(change.to_state)]


def page_of(donor: Donor) -> str:
    """Return the address at which the donor reads what became of their computers."""
    if donor.user_id:
        return f"{settings.PORTAL_URL}{reverse('donating')}"
    return donor_page(donor_links.token(donor))


def donor_page(token: str) -> str:
    return f"{settings.PORTAL_URL}{reverse('given', args=[token])}"


def _donation(pk: Any) -> Donation | None:
    donation: Donation | None = Donation.objects.select_related("donor__user").filter(pk=pk).first()
    return None if donation is None or donation.donor.erased_at else donation

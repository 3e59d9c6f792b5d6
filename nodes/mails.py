"""Mails to donors: their link when they offer, and each step that matters, one mail for all computers of a press."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import emails
from accounts.donors import donor_links
from accounts.models import Donor, Notice
from accounts.notices import kinds, outbox
from nodes.models import Computer, Donation, StateChange
from nodes.states import State

OFFERED, STEPPED, LINK = "donation.offered", "donation.step", "donation.link"


def register() -> None:
    """Make the kinds of notices known. Nobody unsubscribes from what becomes of their own computer."""
    offered = gettext_lazy("Offers of computers, with the donor's link")
    kinds.register(kinds.Kind(OFFERED, offered, offered_facts, "donating/offered_mail", proves_address=True))
    stepped = gettext_lazy("What becomes of a given computer")
    kinds.register(kinds.Kind(STEPPED, stepped, step_facts, "donating/step_mail", proves_address=True))
    link = gettext_lazy("A donor's link, asked for anew")
    kinds.register(kinds.Kind(LINK, link, link_facts, "donating/link_mail", proves_address=True))


def tell_of_offer(donation: Donation, now: datetime) -> None:
    """Send the donor their link. Belongs into the transaction of the offer."""
    _send(OFFERED, donation.donor, f"donation:{donation.pk}", now)


def tell_of_step(donation: Donation, batch: uuid.UUID, *, now: datetime, not_before: datetime) -> None:
    """Tell the donor of a step, once it can no longer be taken back. Belongs into the transaction of the step."""
    _send(STEPPED, donation.donor, _about_step(batch), now, not_before=not_before)


def cancel_step(batch: uuid.UUID) -> None:
    """Send nothing of a step that was taken back."""
    outbox.cancel([_about_step(batch)], outbox.PASSED_OVER)


def send_link(donor: Donor, now: datetime) -> None:
    """Send the donor a link, who has lost theirs."""
    _send(LINK, donor, f"donor:{donor.pk}:{donor.links}", now)


def _send(kind: str, donor: Donor, about: str, now: datetime, not_before: datetime | None = None) -> None:
    to = donor.user if donor.user and emails.proven(donor.user) else donor  # an account without one gets no mail
    outbox.send(kind=kind, to=to, about=about, channels=[Notice.Channel.MAIL], now=now, not_before=not_before)


def _about_step(batch: uuid.UUID) -> str:
    return f"donation_step:{batch}"


# ---- what the mails say ----


def offered_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the first mail says."""
    donation = _donation(notice.about.partition(":")[2])
    if donation is None:
        return None
    computers = list(donation.computers.all())
    count = len(computers)
    subject = ngettext("Your offer of a computer", "Your offer of %(count)s computers", count) % {"count": count}
    return {"subject": subject, "donation": donation, "computers": computers, "page": page_of(donation.donor)}


def step_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail about a step says."""
    batch = notice.about.partition(":")[2]
    changes = list(StateChange.objects.filter(batch=batch).select_related("computer").order_by("computer_id"))
    if not changes:
        return None
    computers = [change.computer for change in changes]
    donation = _donation(computers[0].donation_id)
    is_welcome_late = changes[0].to_state == State.ACCEPTED and all(each.state != State.ACCEPTED for each in computers)
    if donation is None or is_welcome_late:  # nobody is asked to bring what is here already
        return None
    return {
        "subject": _subject(State(changes[0].to_state), computers),
        "state": changes[0].to_state,
        "is_fetched": donation.handover == Donation.Handover.FETCH,
        "address": settings.DONATIONS_EMAIL,
        "reason": changes[0].reason and Computer(reason=changes[0].reason).get_reason_display(),
        "where_it_helps": Computer(reason=changes[0].reason).where_it_helps,
        "computers": computers,
        "count": len(computers),
        "page": page_of(donation.donor),
    }


def link_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail with a new link says."""
    donor = Donor.objects.filter(pk=notice.about.split(":")[1], erased_at=None).first()
    return {"subject": _("Your link to what you gave"), "page": page_of(donor)} if donor else None


def _subject(state: State, computers: list[Computer]) -> str:
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
    return words[state]


def page_of(donor: Donor) -> str:
    """Return the address at which the donor reads what became of their computers."""
    if donor.user_id:
        return f"{settings.PORTAL_URL}{reverse('donating')}"
    return f"{settings.PORTAL_URL}{reverse('given', args=[donor_links.token(donor)])}"


def _donation(pk: Any) -> Donation | None:
    donation: Donation | None = Donation.objects.select_related("donor__user").filter(pk=pk).first()
    return None if donation is None or donation.donor.erased_at else donation

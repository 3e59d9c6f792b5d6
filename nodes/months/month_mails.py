"""A mail to each donor about the month that ended: one paragraph, where a computer of theirs served. A donor who wants none says so once.

Level-triggered: each pass finds the donors who were not told of the last month. The row that says so and the mail's row in the outbox are
one transaction, and the outbox sends a row once (accounts.notices.outbox). If nothing ran for months, only the last one is told.
"""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import emails
from accounts.failures import Failures
from accounts.models import Donor, Notice, Unsubscribed
from accounts.notices import kinds, outbox, unsubscribe
from nodes import mails
from nodes.models import Computer, DonorMonth, ServedMonth
from nodes.months import month_work
from nodes.months.month_work import HOUR
from nodes.subscriptions import bonuses

KIND = "donation.month"
LOOP = "months"  # of accounts.failures


def follow(now: datetime) -> None:
    """Put the mails that are due into the outbox."""
    month, failures = month_work.last_ended(now), Failures(LOOP, now)
    due = to_tell(month)
    if due.exists():
        failures.each_of("mail", due, lambda pk: tell(pk, month, now))


def to_tell(month: date) -> QuerySet[Donor]:
    """Select the donors with a verified address whose computers served for an hour or more, who want these mails and had none."""
    served = ServedMonth.objects.filter(month=month, computer__donation__donor=OuterRef("pk")).order_by()
    seconds = served.values("computer__donation__donor").annotate(sum=Sum("seconds")).values("sum")
    told = DonorMonth.objects.filter(donor=OuterRef("pk"), month=month)
    whose = Q(donor=OuterRef("pk")) | Q(user__donor=OuterRef("pk"))
    ended = Unsubscribed.objects.filter(whose, kind=KIND)
    rows = Donor.objects.filter(~Exists(told), ~Exists(ended), erased_at=None, verified_at__isnull=False)
    return rows.annotate(served_seconds=Subquery(seconds)).filter(served_seconds__gte=HOUR)


@transaction.atomic
def tell(pk: int, month: date, now: datetime) -> None:
    """Tell a donor of a month, once."""
    donor = Donor.objects.select_for_update(of=("self",)).select_related("user").get(pk=pk)
    if donor.erased_at or not DonorMonth.objects.get_or_create(donor=donor, month=month, defaults={"told_at": now})[1]:
        return
    to = donor.user if donor.user and emails.proven(donor.user) else donor
    facts = {"donor": donor.pk, "month": month.isoformat()}
    ways = [Notice.Channel.MAIL]
    outbox.send(kind=KIND, to=to, about=f"month:{month:%Y-%m}", channels=ways, now=now, arguments=facts)


# ---- whether somebody wants them ----


def are_wanted(donor: Donor) -> bool:
    """Say whether a donor gets these mails."""
    return not unsubscribe.is_ended(donor, kinds.kind_of(KIND))


def choose(donor: Donor, *, wants: bool) -> None:
    """Write down whether a donor wants these mails."""
    (unsubscribe.begin_again if wants else unsubscribe.end)(donor, kinds.kind_of(KIND))


# ---- what the mail says ----


def register() -> None:
    """Make the kind known."""
    label = gettext_lazy("Once a month: what your computers did")
    kinds.register(kinds.Kind(KIND, label, facts_of, "donating/month_mail", may_unsubscribe=True))


def facts_of(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None where there is nothing to tell any more."""
    month = date.fromisoformat(notice.arguments["month"])
    donor = Donor.objects.select_related("user").filter(pk=notice.arguments["donor"], erased_at=None).first()
    own = list(Computer.objects.filter(donation__donor=donor).values_list("pk", flat=True)) if donor else []
    work = month_work.work_in(month, own)
    if donor is None or work is None:
        return None
    return {
        "subject": work.subject,
        "hello": _("Hello %(name)s,") % {"name": notice.reader.short_name},
        "sentence": work.sentence,
        "bonus": bonus.sentence if (bonus := bonuses.of_month(month, own)) else "",
        "count": work.computers,
        "page": mails.page_of(donor),
        "method": f"{settings.PORTAL_URL}{reverse('help-page', args=['donor'])}#how-each-number-is-counted",
    }

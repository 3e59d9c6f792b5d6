"""Mails to owners whose machines leave their node: before its maintenance, and where it is dead. One for each owner and node."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from machines.models import Machine, MachineQuerySet
from machines.states import State, Wanted
from nodes.models import Emptying

ASKED, DEAD = "machine.maintenance", "machine.node_dead"
MOST_NAMED = 10


def register() -> None:
    """Register both kinds. Nobody unsubscribes from what happens to their work."""
    kinds.register(
        kinds.Kind(
            ASKED, gettext_lazy("Maintenance of the computer below a machine"), asked_facts, "machines/maintenance_mail"
        )
    )
    kinds.register(kinds.Kind(DEAD, gettext_lazy("Machines whose computer is dead"), dead_facts, "machines/dead_mail"))


def ask_owners(row: Emptying, machines: MachineQuerySet, now: datetime) -> None:
    """Ask the owners of machines that run or sleep there, once each, until they leave."""
    _send(ASKED, row, machines.filter(state__in=[State.RUNNING, State.SUSPENDED]), now)


def tell_owners(row: Emptying, machines: MachineQuerySet, now: datetime) -> None:
    """Tell the owners what becomes of their machines on a dead node, once each."""
    _send(DEAD, row, machines, now)


def _send(kind: str, row: Emptying, machines: MachineQuerySet, now: datetime) -> None:
    about = f"emptying:{row.pk}"
    known = Notice.objects.filter(kind=kind, about=about).values("recipient")
    theirs: dict[User, list[str]] = {}
    new = machines.filter(owner__is_active=True).exclude(owner__in=known).exclude(wanted=Wanted.GONE)
    for machine in new.select_related("owner"):
        theirs.setdefault(machine.owner, []).append(str(machine.pk))
    for person, keys in theirs.items():
        facts = {"machines": keys}
        outbox.send(kind=kind, to=person, about=about, channels=(Notice.Channel.MAIL,), now=now, arguments=facts)


def asked_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None once the maintenance is over, or nothing of theirs is on the node."""
    row = _row(notice)
    there = Q(host=row.node.name) | Q(moved_from=row.node.name) if row else Q()
    names = _names(notice, there)
    if row is None or row.ended_at or not names:
        return None
    subject = ngettext(
        "The computer below one of your machines goes into maintenance",
        "The computer below %(count)s of your machines goes into maintenance", len(names),
    )  # fmt: skip
    is_later = row.empty_by > timezone.now()
    return {**_facts(subject, names), "empty_by": row.empty_by if is_later else None}


def dead_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None where all that was there is deleted. One that has started elsewhere since has still lost its disk."""
    names = _names(notice, Q(pk__in=notice.arguments.get("machines", ())))
    if not names:
        return None
    subject = ngettext(
        "The computer below one of your machines is dead",
        "The computer below %(count)s of your machines is dead", len(names),
    )  # fmt: skip
    return {**_facts(subject, names), "is_kept": settings.SHARED_DISKS}


def _row(notice: Notice) -> Emptying | None:
    return Emptying.objects.filter(pk=notice.about.partition(":")[2]).select_related("node").first()


def _names(notice: Notice, which: Q) -> list[str]:
    theirs = Machine.objects.alive().filter(which, owner=notice.to_person).exclude(wanted=Wanted.GONE)
    return list(theirs.order_by("name_key", "pk").values_list("name", flat=True))


def _facts(subject: str, names: list[str]) -> dict[str, Any]:
    return {
        "subject": subject % {"count": len(names)},
        "names": names[:MOST_NAMED],
        "more": max(0, len(names) - MOST_NAMED),
        "page": settings.PORTAL_URL + reverse("machines"),
    }

"""The mail with a link to choose a password: for whoever was invited, and where an administrator sends one."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import password_links
from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from lib import doorbell

LINK = "people.link"
FORGOTTEN = "people.forgotten"


def register() -> None:
    """Make the kinds of notices known. Nobody unsubscribes from them: somebody asks for each."""
    label = gettext_lazy("Links to choose a password")
    kinds.register(kinds.Kind(LINK, label, facts, "people/link_mail"))
    label = gettext_lazy("Links for a forgotten password")
    kinds.register(kinds.Kind(FORGOTTEN, label, facts, "people/forgotten_mail", proves_address=True))


def send_links(people: Iterable[User], now: datetime) -> None:
    """Mail each of these people a link, instead of one that waits. Belongs into the transaction of the action."""
    _send(LINK, list(people), now)


def send_forgotten(people: Iterable[User], now: datetime) -> None:
    """Mail each of these people the link that somebody asked for who does not know the password, or has none yet."""
    with transaction.atomic():
        _send(FORGOTTEN, list(people), now)


def _send(kind: str, found: list[User], now: datetime) -> None:
    waiting = Notice.objects.filter(kind=kind, recipient__in=found, state=Notice.State.DUE)
    waiting.update(state=Notice.State.CANCELLED, next_at=None, fault=outbox.PASSED_OVER)
    rows = [
        Notice(
            kind=kind, about=f"person:{person.pk}:{now.isoformat()}", recipient=person, channel=Notice.Channel.MAIL,
            created_at=now, next_at=now,
        )
        for person in found
    ]  # fmt: skip
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    doorbell.ring("accounts.tasks.send_notices")


def facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says; None for whoever is blocked. The link is made only now, and is kept nowhere."""
    person = notice.to_person
    if not person.is_active:
        return None
    is_new = not person.has_usable_password()
    is_anybodys = is_new and person.signed_up_at is not None  # a stranger may have typed the name: a link, an insult
    return {
        "greeted": person.username if is_anybodys else person.short_name,
        "subject": _("Your account on Minga") if is_new else _("Choose a new password for Minga"),
        "is_new": is_new,
        "link": password_links.address(person),
        "days": password_links.days_of_invitation() if is_new else password_links.FORGOTTEN.days,
    }

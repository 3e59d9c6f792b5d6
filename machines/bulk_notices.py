"""Mail each owner what an administrator did with several machines at once: one message per run, however many are theirs."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from accounts.models import Notice, User
from accounts.notices import kinds, outbox
from lib.notes import two_forms
from machines.bulk_preview import KEEP_AWAKE
from machines.models import BulkItem, BulkRun
from machines.verbs import Verb

KIND = "machine.bulk"
MOST_NAMED = 10
Outcome = BulkItem.Outcome
# By verb: the subject of the mail, and below it what this means for the owner.
SUBJECTS: dict[str, tuple[str, str]] = {
    Verb.SUSPEND: two_forms("An administrator put %(count)s of your machines to sleep", "An administrator put %(count)s of your machines to sleep"),
    Verb.WAKE: two_forms("An administrator woke %(count)s of your machines", "An administrator woke %(count)s of your machines"),
    KEEP_AWAKE: two_forms("An administrator keeps %(count)s of your machines awake", "An administrator keeps %(count)s of your machines awake"),
    Verb.RESTART: two_forms("An administrator restarted %(count)s of your machines", "An administrator restarted %(count)s of your machines"),
    Verb.SHELVE: two_forms("An administrator put %(count)s of your machines away", "An administrator put %(count)s of your machines away"),
    Verb.ARCHIVE: two_forms("An administrator archived %(count)s of your machines", "An administrator archived %(count)s of your machines"),
    Verb.BIN: two_forms(
        "An administrator put %(count)s of your machines into the recycle bin", "An administrator put %(count)s of your machines into the recycle bin",
    ),
    Verb.DELETE: two_forms(
        "An administrator deleted %(count)s of your machines for good", "An administrator deleted %(count)s of your machines for good",
    ),
}  # fmt: skip
_MEANS: dict[str, str] = {
    Verb.SUSPEND: gettext_noop("Nothing is lost: each goes on where it stopped when you wake it."),
    Verb.WAKE: gettext_noop("Each starts as soon as there is room for it."),
    KEEP_AWAKE: gettext_noop("Until then none of them is put to sleep for being idle."),
    Verb.RESTART: gettext_noop("What ran in them was stopped. Their disks are as they were."),
    Verb.SHELVE: gettext_noop("Their disks are kept, what ran in them is not. Waking takes a little longer."),
    Verb.ARCHIVE: gettext_noop("Their disks are kept as images, what ran in them is not. Each counts in your quota."),
    Verb.BIN: gettext_noop(
        "You can restore them from the recycle bin, below your machines, for some days; then they are deleted."
    ),
    Verb.DELETE: gettext_noop("Their disks, archives and ports are gone. Nobody can bring them back."),
}


def register() -> None:
    """Register the kind of notice. Nobody can unsubscribe from what was done to their work."""
    label = gettext_lazy("What an administrator did with several machines at once")
    kinds.register(kinds.Kind(KIND, label, mail_facts, "machines/bulk_mail"))


def notify_owners(run: BulkRun, now: datetime) -> None:
    """Write once to each owner with whose machines the run is done. Leave out whoever started it, and people who may not sign in."""
    about, channels = f"bulk_run:{run.pk}", (Notice.Channel.MAIL,)
    outbox.send_to_all(kind=KIND, people=list(_owners_to_notify(run, about)), about=about, channels=channels, now=now)


def _owners_to_notify(run: BulkRun, about: str) -> QuerySet[User]:
    """Select the owners who have a changed machine, none that waits, and no mail of this run yet."""
    changed, waiting = (
        run.items.filter(outcome=outcome).values("machine__owner") for outcome in (Outcome.DONE, Outcome.WAITING)
    )
    notified = Notice.objects.filter(kind=KIND, about=about).values("recipient")
    owners = User.objects.filter(is_active=True, pk__in=changed).exclude(pk__in=waiting).exclude(pk__in=notified)
    return owners.exclude(pk=run.by_id) if run.by_id else owners


def mail_facts(notice: Notice) -> dict[str, Any] | None:
    """Return what the mail says, from the run's rows; None once they are forgotten."""
    run = BulkRun.objects.filter(pk=notice.about.partition(":")[2]).first()
    items = run.items.filter(outcome=Outcome.DONE, machine__owner=notice.to_person) if run else BulkItem.objects.none()
    count = items.count()
    if run is None or not count:
        return None
    named = list(items.select_related("machine").order_by("machine__name_key", "pk")[:MOST_NAMED])
    return {
        "subject": ngettext(*SUBJECTS[run.verb], count) % {"count": count},
        "names": [item.machine.name for item in named],
        "more": count - len(named),
        "means": _(_MEANS[run.verb]),
        "until": run.until if run.verb == KEEP_AWAKE else None,
        "page": settings.PORTAL_URL + reverse("audit-mine"),
    }

"""Let one mail tell of several steps within minutes: a later step of the same computers stops the mail about an earlier one.

A mail waits until its step cannot be taken back (nodes.actions.UNDO). Where all of its computers have gone further by then, the later
mail tells the path, too. Taking the later step back brings the earlier mail back.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import Notice
from accounts.notices import outbox
from nodes import states
from nodes.models import Computer, Donation, StateChange
from nodes.states import State

OVERTAKEN = "A later mail tells of it."


def about(batch: object) -> str:
    """Return what the notice about a step names."""
    return f"donation_step:{batch}"


def _lasting() -> "QuerySet[StateChange]":
    return StateChange.objects.filter(undoes=None, undone_by=None)


def _is_told(change: StateChange) -> bool:
    return bool(change.from_state) and states.is_told(change.from_state, change.to_state)


def overtake(computers: Collection[Computer]) -> None:
    """Cancel the mails that a later one replaces. Call it after a step, in its transaction, with its computers locked.

    The mail about a loss always leaves: otherwise nobody understands the one that says that it was found.
    """
    _lock_offers({each.donation_id for each in computers})
    batches = set(_lasting().filter(computer__in=computers).values_list("batch", flat=True))
    waiting = Notice.objects.filter(about__in=[about(batch) for batch in batches], state=Notice.State.DUE)
    due = set(waiting.values_list("about", flat=True))
    changes = _lasting().filter(batch__in=[batch for batch in batches if about(batch) in due])
    rows = [row for row in changes if _is_told(row)]
    newest = _newest({row.computer_id for row in rows})
    stay = {row.batch for row in rows if newest[row.computer_id] <= row.pk or row.to_state == State.LOST}
    if passed := {row.batch for row in rows} - stay:
        outbox.cancel([about(batch) for batch in passed], OVERTAKEN)


def _lock_offers(pks: Collection[int]) -> None:
    """Lock offers: steps of other computers, or their undoing, may run side by side and decide about the same mail."""
    list(Donation.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))


def _newest(computers: Iterable[int]) -> dict[int, int]:
    """Return the newest step of each computer of which a mail tells."""
    changes = _lasting().filter(computer__in=list(computers)).order_by("pk")
    return {change.computer_id: change.pk for change in changes if _is_told(change)}


def bring_back(computers: Collection[Computer], *, now: datetime, wait: timedelta) -> None:
    """Restore the mails that the undone steps of these computers had overtaken. Call it after the undoing, in its transaction."""
    _lock_offers({each.donation_id for each in computers})
    newest = _newest({each.pk for each in computers})
    batches = set(StateChange.objects.filter(pk__in=newest.values()).values_list("batch", flat=True))
    outbox.bring_back([about(batch) for batch in batches], OVERTAKEN, now=now, wait=wait)


def paths_to(changes: Collection[StateChange]) -> dict[int, tuple[str, ...]]:
    """Return for each of these steps, by its key, the states on the way to it of which no mail has told, its own last."""
    before: dict[int, list[StateChange]] = {change.computer_id: [] for change in changes}
    for row in _lasting().filter(computer__in=list(before)).order_by("-pk"):
        before[row.computer_id].append(row)
    abouts = [about(row.batch) for rows in before.values() for row in rows]
    passed = Notice.objects.filter(about__in=abouts, state=Notice.State.CANCELLED, fault=OVERTAKEN)
    overtaken = set(passed.values_list("about", flat=True))
    return {change.pk: _path(change, before[change.computer_id], overtaken) for change in changes}


def _path(change: StateChange, rows: list[StateChange], overtaken: set[str]) -> tuple[str, ...]:
    """Walk back from a step, as far as mails about the steps before were overtaken. rows: the newest first."""
    trail, path = [change.to_state], [change.to_state]
    for row in rows:
        if row.pk >= change.pk:
            continue
        trail.append(row.to_state)
        if about(row.batch) in overtaken:
            path = list(trail)
        elif not row.from_state or _is_told(row):
            break
    return tuple(reversed(path))

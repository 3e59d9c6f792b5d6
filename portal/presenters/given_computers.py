"""A donation as its donor sees it: how far each computer has come, what happened to it, and what waits for their answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from lib.measures import amount, kilos, memory
from nodes import alike
from nodes.actions import is_to_confirm
from nodes.files.photos import MOST_OF_DONOR, is_open
from nodes.models import Computer, Donation, Photo, Plan, StateChange, WipeCertificate
from nodes.states import WAY, State
from nodes.subscriptions import plans
from nodes.subscriptions.plan_words import brings
from portal.presenters.given_work import GivenWork, Work
from portal.presenters.shown_photos import ShownPhoto
from portal.presenters.shown_photos import shown as shown_photos
from portal.presenters.state_tones import tone_of

_SENTENCES = {
    State.OFFERED: _("We look at it and answer by mail. Please wait before you carry it anywhere."),
    State.RECEIVED: _("It is here. Next its disk is wiped."),
    State.WIPED: _("Nothing of what was on its disk can be read any more. Next it is tested."),
    State.TESTED: _("It works. Next it is put into service."),
    State.IN_SERVICE: _("It carries machines of students. Thank you!"),
    State.WAITING: _("It is here and waits for a part."),
    State.PARTS: _("It could not be made to work any more. Its parts keep others going."),
    State.LOST: _("We counted, and it was not there. We are sorry, and will tell you when it turns up."),
    State.RETIRED: _("It no longer carries machines. Thank you for all that it did."),
    State.RECYCLED: _("It was handed to those who recycle computers. Thank you for all that it did."),
}
_ACCEPTED = {
    Donation.Handover.BRING: _("It is welcome. Please bring it."),
    Donation.Handover.FETCH: _("It is welcome. We come and fetch it."),
}


def given(rows: QuerySet[Donation]) -> QuerySet[Donation]:
    """Add what shown_donations reads: four queries more, however many computers there are. Steps that were taken back are left out."""
    lasting = StateChange.objects.filter(undoes=None, undone_by=None).order_by("pk")
    valid = WipeCertificate.objects.filter(withdrawn_at=None)
    certified = Prefetch("certificates", queryset=valid, to_attr="valid_certificates")
    computers = Computer.objects.prefetch_related(Prefetch("changes", queryset=lasting, to_attr="lasting"), certified)
    pictures = Photo.objects.select_related("computer")
    return rows.select_related("donor").prefetch_related(
        Prefetch("computers", queryset=computers), Prefetch("photos", queryset=pictures)
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the way of a computer. `at`: when it came there, if it has."""

    label: str
    at: datetime | None
    is_done: bool
    is_here: bool


class ShownComputer:
    """A computer for its donor: no notes of staff, no names of theirs."""

    def __init__(self, row: Computer, handover: str, enabled: Sequence[Plan]) -> None:
        self.row, self._handover, self._plans = row, handover, enabled
        self.changes: list[StateChange] = row.lasting  # type: ignore[attr-defined]
        self.certificates: list[WipeCertificate] = row.valid_certificates  # type: ignore[attr-defined]

    @property
    def tone(self) -> str:
        return tone_of(self.row.state)

    @property
    def facts(self) -> str:
        """Say in a line what it is: Desktop computer · 2010 · Core 2 Duo E8400 · 4 GB of memory · 320 GB of disk."""
        row = self.row
        parts = [row.get_kind_display() if row.model else "", str(row.year or ""), row.cpu]
        if row.ram_mb:
            parts.append(_("%(amount)s of memory") % {"amount": memory(row.ram_mb)})
        if row.disk_gb:
            parts.append(_("%(amount)s of disk") % {"amount": amount(row.disk_gb, "GB")})
        return " · ".join(str(part) for part in parts if part)

    @property
    def weight(self) -> str:
        """Return its weight in kg, where it was weighed."""
        return kilos(self.row.grams) if self.row.grams else ""

    @property
    def sentence(self) -> str:
        """Say what its state means; for one that was not accepted why, and where it helps."""
        if self.row.state == State.DECLINED:
            return f"{self.row.reasons} {self.row.where_it_helps}".strip()
        if self.row.state == State.ACCEPTED:
            return str(_ACCEPTED[Donation.Handover(self._handover)])
        return str(_SENTENCES[State(self.row.state)])

    @property
    def brings(self) -> str:
        """Say what it would bring if it is accepted; '' where that is decided, or it brings nothing."""
        if self.row.state != State.OFFERED:
            return ""
        plan = plans.plan_for(plans.worth_of(self.row), self._plans)
        return brings(plan) if plan else ""

    @property
    def way(self) -> list[Place]:
        """Return the places of the way: where it was, where it is, and what lies ahead. None for one that was not accepted."""
        if self.row.state == State.DECLINED:
            return []
        here = WAY.index(State(self.row.state)) if self.row.state in WAY else None
        been = {change.to_state: change.at for change in self.changes}
        last = here if here is not None else max((at for at, state in enumerate(WAY) if state in been), default=0)
        return [
            Place(str(state.label), been.get(state) if at <= last else None, at <= last and at != here, at == here)
            for at, state in enumerate(WAY)
        ]

    @property
    def happened(self) -> list[tuple[str, str, str, datetime]]:
        """Return what happened, the newest first: a tone, the state, the reason where it was not accepted, and when."""
        return [
            (tone_of(change.to_state), str(State(change.to_state).label), _reason(change), change.at)
            for change in reversed(self.changes)
        ]


def _reason(change: StateChange) -> str:
    return str(Computer(reason=change.reason).get_reason_display()) if change.reason else ""


# ---- what is alike stands together ----


class ShownAlike:
    """Computers that are equal in kind, model, facts and state. What is said of the first one is true of all."""

    def __init__(self, computers: Sequence[ShownComputer]) -> None:
        self.computers, self.first, self.count = computers, computers[0], len(computers)

    @property
    def numbers(self) -> str:
        """Return their numbers in a line."""
        return alike.numbers([shown.row for shown in self.computers])

    @property
    def work(self) -> list[str]:
        """Return what each of them did, in words; [] where none has served, or nobody looked it up (portal.presenters.given_work)."""
        works: list[Work] = [each.row.__dict__["work"] for each in self.computers if each.row.__dict__.get("work")]
        if len(works) > 1:  # whoever had machines on two of them would count twice
            hours = sum(work.hours for work in works)
            return Work(hours).words[:1]
        return works[0].words if works else []

    @property
    def certificates(self) -> list[WipeCertificate]:
        """Return the certificates of all of them that hold."""
        return [each for shown in self.computers for each in shown.certificates]

    @property
    def weight(self) -> str:
        """Return what they weigh together, where each was weighed."""
        grams = [shown.row.grams for shown in self.computers]
        return kilos(sum(each or 0 for each in grams)) if all(grams) else ""

    @property
    def way(self) -> list[Place]:
        """Return the places of their way, each with the day on which the last of them came there."""
        ways = [shown.way for shown in self.computers]
        return [
            Place(places[0].label, _last(each.at for each in places), places[0].is_done, places[0].is_here)
            for places in zip(*ways, strict=True)
        ]

    @property
    def happened(self) -> list[tuple[str, str, str, datetime, int]]:
        """Return what happened, by days, the newest first, when last, and to how many of them: 0 where that is all."""
        lines: dict[tuple[str, str, str, date], dict[int, datetime]] = {}
        for shown in self.computers:
            for tone, label, reason, at in reversed(shown.happened):  # of one computer the last time of the day stays
                lines.setdefault((tone, label, reason, timezone.localdate(at)), {})[shown.row.pk] = at
        newest = sorted(lines.items(), key=lambda line: max(line[1].values()))[::-1]
        return [
            (tone, label, reason, max(times.values()), 0 if len(times) == self.count else len(times))
            for (tone, label, reason, _day), times in newest
        ]


def _last(times: Iterable[datetime | None]) -> datetime | None:
    return max((at for at in times if at is not None), default=None)


def folded(computers: Sequence[ShownComputer]) -> list[ShownAlike]:
    """Put together what is alike for the donor; a computer of its own kind is a group of one."""
    found = alike.groups(computers, lambda shown: (alike.kind_of(shown.row), shown.facts, shown.brings, _passed(shown)))
    return [ShownAlike(group) for group in found]


def _passed(shown: ShownComputer) -> tuple[tuple[bool, bool], ...]:
    """Return how far it has come on its way, which the state of one beside the way does not tell."""
    return tuple((place.is_done, place.is_here) for place in shown.way)


class ShownDonation:
    """A donation for its donor."""

    def __init__(self, row: Donation, *, enabled: Sequence[Plan] = (), by_link: bool = False) -> None:
        self.row = row
        self.photos: list[ShownPhoto] = shown_photos(row.photos.all(), by_link=by_link)
        self.computers = [ShownComputer(computer, row.handover, enabled) for computer in row.computers.all()]

    @property
    def may_be_confirmed(self) -> bool:
        return is_to_confirm([shown.row for shown in self.computers])

    @property
    def may_change_photos(self) -> bool:
        return not self.row.donor.erased_at and is_open(computer.row for computer in self.computers)

    @property
    def room(self) -> int:
        """Return how many photos the donor may add."""
        return max(0, MOST_OF_DONOR - sum(photo.row.is_donors for photo in self.photos))

    @property
    def is_to_be_brought(self) -> bool:
        """Say whether the donor brings something: they read where to."""
        is_awaited = any(shown.row.state == State.ACCEPTED for shown in self.computers)
        return is_awaited and self.row.handover == Donation.Handover.BRING

    @property
    def waits_for_an_answer(self) -> bool:
        return self.may_be_confirmed and not self.row.confirmed

    @property
    def received(self) -> list[ShownComputer]:
        """Return the list of what was received."""
        return [shown for shown in self.computers if State.RECEIVED in {each.to_state for each in shown.changes}]

    @cached_property
    def groups(self) -> list[ShownAlike]:
        return folded(self.computers)

    @property
    def received_groups(self) -> list[ShownAlike]:
        return folded(self.received)

    @property
    def is_short(self) -> bool:
        """Say whether the way of each card has room on the page."""
        return len(self.groups) <= 2


def shown_donations(
    rows: Iterable[Donation], *, by_link: bool = False, work: GivenWork | None = None
) -> list[ShownDonation]:
    """Return these donations (see `given`) as they are shown. by_link: to whoever has no account. work: of their computers."""
    enabled = plans.enabled()
    shown = [ShownDonation(row, enabled=enabled, by_link=by_link) for row in rows]
    for each in (computer for donation in shown for computer in donation.computers):
        each.row.__dict__["work"] = work.of.get(each.row.pk) if work else None
    return shown

"""All that is kept of a donor, for themselves: as JSON, some donations at a time."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Prefetch, Q, QuerySet

from accounts.models import Donor, Notice, SharePicture, Subscription, TeamMember, Unsubscribed, WallThanks
from nodes import mails
from nodes.files import file_store
from nodes.hypervisors import carried
from nodes.models import Computer, Donation, Photo, StateChange, WipeCertificate

AT_ONCE = 20  # donations, read with their computers; mails
Row = TypeVar("Row", bound=Model)
_OF_DONOR = ("name", "organisation", "email", "language", "browser_time_zone", "created_at", "verified_at")
_OF_DONATION = ("number", "offered_at", "handover", "message", "confirmed", "confirmed_at", "confirm_note")
_OF_COMPUTER = (
    "number", "kind", "model", "cpu", "bits", "ram_mb", "disk_gb", "nic_mbit", "year", "grams", "reference", "state", "state_since", "reason",
)  # fmt: skip
_OF_MEASUREMENT = (
    "at",
    "kind",
    "vendor",
    "product",
    "cpu",
    "bits",
    "ram_mb",
    "ram_installed_mb",
    "grams",
)  # not serial numbers
_OF_CERTIFICATE = ("number", "issued_at", "withdrawn_at")
_OF_DISK = (
    "media",
    "serial",
    "size_gb",
    "method",
    "technique",
    "own_technique",
    "started_at",
    "ended_at",
    "result",
)  # not who did it
_OF_CHANGE = ("at", "from_state", "to_state", "reason")  # not the notes and the names of staff
_OF_SUBSCRIPTION = ("title", "promised_at", "starts_at", "days", "ends_at", "withdrawn_at")
_OF_CODE = ("days", "made_at", "expires_at", "claimed_at", "withdrawn_at")  # not who used it
_OF_ENTRY = ("kind", "days", "at", "month")
_OF_MONTH = ("month", "seconds")
_OF_MONTH_TOLD = ("month", "told_at")
_OF_PHOTO = ("added_at", "width", "height")
_OF_ENDED = ("kind", "at")
_OF_WALL = ("is_on", "text", "agreed_at", "taken_off", "refused", "reason")
_OF_PICTURE = ("key", "with_words", "language", "made_at")
_OF_MAIL = ("kind", "state", "created_at", "delivered_at")


def kept(donor: Donor) -> Iterator[str]:
    """Yield the parts of a text of JSON."""
    account = donor.user.username if donor.user else ""
    yield '{"donor": ' + _json({**_facts(donor, _OF_DONOR), "account": account}) + ', "donations": ['
    yield from _listed(_donation(row) for row in _donations(donor))
    yield '], "subscriptions": ['
    yield from _listed(_subscription(row) for row in batches(Subscription.objects.filter(donor=donor)))
    yield '], "wall_of_thanks": ['
    yield from _listed(_facts(row, _OF_WALL) for row in WallThanks.objects.filter(donor=donor))
    yield '], "shared_picture": ['
    yield from _listed(_facts(row, _OF_PICTURE) for row in SharePicture.objects.filter(donor=donor))
    yield '], "team": ['
    yield from _listed({"name": row.user.shown_name, **_facts(row, ("joined_at",))} for row in _team(donor))
    yield '], "team_invitations": ['
    yield from _listed(_facts(row, ("email", "sent_at", "expires_at")) for row in donor.team_invitations.all())
    yield '], "mails": ['
    yield from _listed(_facts(row, _OF_MAIL) for row in batches(_mails(donor)))
    yield '], "months_told": ['
    yield from _listed(_facts(row, _OF_MONTH_TOLD) for row in donor.months.order_by("month"))
    yield '], "mails_ended": ['
    ended = Unsubscribed.objects.filter(Q(donor=donor) | Q(user__donor=donor))
    yield from _listed(_facts(row, _OF_ENDED) for row in batches(ended))
    yield "]}\n"


def _team(donor: Donor) -> "QuerySet[TeamMember]":
    return TeamMember.objects.filter(donor=donor).select_related("user")


def _mails(donor: Donor) -> "QuerySet[Notice]":
    """Select the mails to a donor, also those that went to their account."""
    to_donor = Notice.objects.filter(donor=donor)
    return to_donor | mails.to_account(donor.user) if donor.user else to_donor


def _donations(donor: Donor) -> Iterator[Donation]:
    computers = Computer.objects.prefetch_related(
        Prefetch("changes", queryset=StateChange.objects.order_by("pk")),
        "certificates__disks",
        "measurements",
        "served",
    )
    rows = Donation.objects.filter(donor=donor).prefetch_related(Prefetch("computers", queryset=computers))
    return batches(rows)


def batches(rows: "QuerySet[Row]") -> "Iterator[Row]":
    """Yield rows by their key, some read at a time."""
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        yield from batch
        last = batch[-1].pk


def _donation(row: Donation) -> dict[str, Any]:
    sums = carried.sums(each.pk for each in row.computers.all())
    computers = [_computer(each, sums.get(each.pk, carried.Sums())) for each in row.computers.all()]
    photos = [_photo(each) for each in row.photos.filter(is_donors=True).select_related("file")]
    return {**_facts(row, _OF_DONATION), "computers": computers, "photos": photos}


def _subscription(row: Subscription) -> dict[str, Any]:
    entries = [_facts(each, _OF_ENTRY) for each in row.entries.order_by("pk")]  # not the notes and the names of staff
    codes = [_facts(each, _OF_CODE) for each in row.codes.order_by("pk")]
    return {**_facts(row, _OF_SUBSCRIPTION), "entries": entries, "codes": codes}


def _photo(row: Photo) -> dict[str, Any]:
    """Return a photo that the donor sent, with the name of its file in the ZIP; '' where FILES_DIR lacks it."""
    has_file = file_store.path_of(row.file).is_file()
    return {**_facts(row, _OF_PHOTO), "file": file_name(row) if has_file else ""}


def file_name(row: Photo) -> str:
    """Return the name of a photo's file in the ZIP."""
    number = row.donation.number if row.donation else "photo"
    return f"photos/{number}-{row.pk}.jpg"


def _computer(row: Computer, sums: carried.Sums) -> dict[str, Any]:
    steps = [_facts(each, _OF_CHANGE) for each in row.changes.all()]
    return {
        **_facts(row, _OF_COMPUTER),
        "steps": steps,
        "work": {
            "seconds_by_month": [_facts(each, _OF_MONTH) for each in row.served.all()],
            "machines": sums.machines,
            "people": sums.people,
        },
        "certificates": [_certificate(each) for each in row.certificates.all()],
        "measurements": [_facts(each, _OF_MEASUREMENT) for each in row.measurements.all()],
    }


def _certificate(row: WipeCertificate) -> dict[str, Any]:
    return {**_facts(row, _OF_CERTIFICATE), "disks": [_facts(each, _OF_DISK) for each in row.disks.all()]}


def _facts(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _listed(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    for at, row in enumerate(rows):
        yield ("\n," if at else "\n") + _json(row)


def _json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, cls=DjangoJSONEncoder, ensure_ascii=False)

"""Lists of given computers for spreadsheets: what an import left out, an example, and those that the desk shows. An import reads each of them."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext, pgettext

from lib.measures import kilos_alone
from lib.spreadsheets import BOM, csv_lines
from nodes.inventory.inventory_import import Plan, Status
from nodes.models import Computer

BATCH = 500  # computers of one query


def titles() -> list[str]:
    """Return the columns of a list, as nodes.inventory.inventory_csv reads them, in the reader's language."""
    return [
        pgettext("column", "reference"),
        pgettext("column", "donor e-mail"),
        pgettext("column", "donor"),
        pgettext("column", "organisation"),
        pgettext("column", "kind"),
        pgettext("column", "model"),
        pgettext("column", "processor"),
        pgettext("column", "bits"),
        pgettext("column", "memory (MB)"),
        pgettext("column", "disk (GB)"),
        pgettext("column", "network (Mbit/s)"),
        pgettext("column", "year"),
        pgettext("column", "weight (kg)"),
    ]


def example() -> str:
    """Return a list with two computers in it."""
    donor = ("lucia@example.org", "Lucía Paz", "Colegio Mejía")
    rows = [
        ["UCE-0412", *donor, gettext("desktop"), "Dell OptiPlex 780", "Core 2 Duo E8400", 64, 4096, 320, 1000, 2010, kilos_alone(8400)],
        ["UCE-0413", *donor, gettext("laptop"), "Lenovo ThinkPad X220", "Core i5-2520M", 64, 8192, 240, 1000, 2011, kilos_alone(1600)],
    ]  # fmt: skip
    return BOM + csv_lines([titles(), *rows])


def left_out(plan: Plan, titles: Sequence[str]) -> str:
    """Return the lines that an import leaves out as they were written, each with why. Mended, an import takes them whole."""
    bad = (planned for planned in plan.lines if planned.status == Status.BAD)
    rows = ([*_filled(p.line.cells, len(titles)), p.why] for p in bad)
    return BOM + csv_lines([[*titles, pgettext("column", "why")], *rows])


def _filled(cells: Sequence[str], length: int) -> list[str]:
    return [*cells[:length], *[""] * (length - len(cells))]


def batches(computers: "QuerySet[Computer]") -> Iterator[str]:
    """Yield the computers as CSV, BATCH of them at a time, by their keys: one that changes meanwhile comes once."""
    yield csv_lines(
        [[pgettext("column", "number"), *titles(), pgettext("column", "state"), pgettext("column", "since")]]
    )
    after = 0
    while rows := list(computers.select_related("donation__donor").filter(pk__gt=after).order_by("pk")[:BATCH]):
        yield csv_lines(_row(computer) for computer in rows)
        after = rows[-1].pk


def _row(computer: Computer) -> list[object]:
    donor = computer.donation.donor
    facts = [computer.bits, computer.ram_mb, computer.disk_gb, computer.nic_mbit, computer.year]
    return [
        computer.number, computer.reference, "" if donor.erased_at else donor.email, donor.name, donor.organisation,
        computer.get_kind_display(), computer.model, computer.cpu, *("" if fact is None else fact for fact in facts),
        kilos_alone(computer.grams) if computer.grams else "", computer.get_state_display(), computer.state_since.date().isoformat(),
    ]  # fmt: skip

"""Measure how long labels take to print: 240 of them, on sheets and on a roll (the goal is one second), and a wipe certificate (100 ms).

It needs no database and no cloud.

    python -m bench.printed_pages [RUNS]        5

The first run of a process reads the fonts, and is told apart.
"""

import argparse
import os
import secrets
import statistics
from collections.abc import Callable
from time import perf_counter

DISKS = 4  # of the certificate


def main() -> None:
    parser = argparse.ArgumentParser(description="How long 240 labels take.")
    parser.add_argument("runs", type=int, nargs="?", default=5)
    told = parser.parse_args()
    _set_up()
    from nodes.models import Computer
    from nodes.printing import labels

    computers = [Computer(pk=pk, kind="desktop") for pk in range(1, labels.MOST_COMPUTERS + 1)]
    print(f"reading the fonts, and 3 labels: {_seconds(lambda: labels.roll(computers[:1])):.2f} s")
    for name, make in (("sheets", labels.sheets), ("roll", labels.roll)):
        took = [_seconds(lambda make=make: make(computers)) for _ in range(told.runs)]
        print(f"{labels.MOST} labels, {name}: {statistics.median(took):.2f} s, {len(make(computers)) / 1000:.0f} kB")
    took = [_seconds(_certificate) for _ in range(told.runs + 1)][1:]
    print(
        f"a certificate of {DISKS} disks: {1000 * statistics.median(took):.0f} ms, {len(_certificate()) / 1000:.0f} kB"
    )


def _certificate() -> bytes:
    """Draw a certificate of rows that are in no database."""
    from django.utils import timezone

    from accounts.models import Donor
    from nodes.models import Computer, DiskWipe, Donation, WipeCertificate
    from nodes.printing import certificate_pdf

    donation = Donation(donor=Donor(name="Łukasz Gałązka", organisation="Colegio Mejía"))
    row = WipeCertificate(
        pk=12,
        computer=Computer(pk=127, donation=donation),
        kind="desktop",
        model="Dell OptiPlex 780",
        issuer_name="Gabriela",
    )
    now = timezone.now()
    facts = {"media": "magnetic", "method": "clear", "technique": "overwrite", "tool": "nwipe", "verification": "full"}
    facts |= {"result": "passed", "started_at": now, "ended_at": now}
    disks = [DiskWipe(pk=n, serial=f"WD-{n}", **facts) for n in range(DISKS)]
    for disk in disks:
        disk._prefetched_objects_cache = {"evidence": []}  # type: ignore[attr-defined]
    return certificate_pdf.drawn(row, disks)


def _seconds(make: Callable[[], bytes]) -> float:
    began = perf_counter()
    make()
    return perf_counter() - began


def _set_up() -> None:
    import django

    usual = {
        "SECRET_KEY": secrets.token_hex(32),
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "PORTAL_URL": "https://labs.example.org",
    }
    for name, value in usual.items():
        os.environ.setdefault(name, value)
    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()


if __name__ == "__main__":
    main()

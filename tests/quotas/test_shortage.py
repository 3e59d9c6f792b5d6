"""Shortages of a quota: said once for a page, with numbers that count in the reader's language."""

import pytest
from django.utils.translation import override

from lib.measures import MEASURES, Size
from quotas.actions import Gauge, Usage
from quotas.sentences import sentence
from quotas.shortage import briefly, shortage

SMALL, BIG = Size(machines=1, vcpus=1, ram_mb=512, ports=2), Size(machines=1, vcpus=4, ram_mb=8_192, ports=2)


def has(**gauges: tuple[int, int]) -> Usage:
    plenty = dict.fromkeys(("machines", "vcpus", "ram_mb", "disk_gb", "ports", "archives", "archive_gb"), (1, 99_999))
    return Usage(**{measure: Gauge(*gauge) for measure, gauge in {**plenty, **gauges}.items()})


def test_nothing_is_said_where_all_fits() -> None:
    assert (shortage(has(), [SMALL, BIG]), briefly(has(), BIG)) == (None, None)


def test_each_measure_that_lacks_is_said_once() -> None:
    lacking = shortage(has(machines=(2, 2), vcpus=(1, 4)), [SMALL, BIG, SMALL])
    assert lacking
    assert [str(fact) for fact in lacking.facts] == [
        "You have 2 of your 2 machines.",
        "Free processors: 3 of your 4.",
    ]


def test_a_card_says_its_own_in_a_few_words() -> None:
    assert str(briefly(has(vcpus=(1, 4)), BIG)) == "Processors: 4 needed, 3 free in your quota."


def test_of_several_cards_the_most_that_lacks_counts() -> None:
    lacking = shortage(has(ram_mb=(512, 1_024)), [Size(ram_mb=600), Size(ram_mb=8_192), Size(ram_mb=700)])
    assert lacking
    assert [(lack.measure, lack.short) for lack in lacking.lacks] == [("ram_mb", 7_680)]


@pytest.mark.parametrize(
    ("language", "size", "words"),
    [
        ("en", Size(vcpus=1), "This needs 1 processor. Free in your quota: 0 of 0."),
        ("en", Size(vcpus=2), "This needs 2 processors. Free in your quota: 0 of 0."),
        ("es", Size(vcpus=1), "Esto necesita 1 procesador. Libre en tu cuota: 0 de 0."),
        ("es", Size(vcpus=2), "Esto necesita 2 procesadores. Libre en tu cuota: 0 de 0."),
        ("es", Size(ports=1), "Esto necesita 1 puerto público. Libre en tu cuota: 0 de 0."),
        ("en", Size(ram_mb=1_536), "This needs 1.5\u00a0GB of memory. Free in your quota: 0\u00a0GB of 0\u00a0GB."),
        ("es", Size(ram_mb=1_536), "Esto necesita 1,5\u00a0GB de memoria. Libre en tu cuota: 0\u00a0GB de 0\u00a0GB."),
    ],
)
def test_a_refusal_counts_in_the_readers_language(language: str, size: Size, words: str) -> None:
    nothing = has(vcpus=(0, 0), ports=(0, 0), ram_mb=(0, 0))
    with override(language):
        assert str(nothing.why_not(size)) == words


@pytest.mark.parametrize(
    ("language", "limit", "words"),
    [
        ("en", 1, "Your quota is 1 machine, and you have 1."),
        ("en", 2, "You have 2 of your 2 machines."),
        ("es", 1, "Tu cuota es de 1 máquina, y tienes 1."),
        ("es", 2, "Tienes 2 de tus 2 máquinas."),
    ],
)
def test_one_machine_is_not_one_machines(language: str, limit: int, words: str) -> None:
    with override(language):
        assert str(has(machines=(limit, limit)).why_not(SMALL)) == words


@pytest.mark.parametrize("size", [Size(**{measure: 1}) for measure in MEASURES])
def test_nobody_else_reads_you(size: Size) -> None:
    nothing = has(**dict.fromkeys(MEASURES, (0, 0)))
    too_much = has(**dict.fromkeys(MEASURES, (1, 0)))
    said = [str(sentence(lack, "Ana")) for usage in (nothing, too_much) for lack in usage.lacks(size, is_new=True)]
    assert said
    assert not [text for text in said if "you" in text.lower() or "Ana" not in text]

"""The least that a computer needs, judged by what people know of it."""

from typing import Any

import pytest

from nodes import specs
from nodes.models import Computer
from nodes.specs import Facts

ONLY_32 = (
    "Pentium 4", "Intel Pentium 4 2.8 GHz", "Intel(R) Pentium(R) 4 CPU 2.80GHz", "Pentium IV", "pentium-4", "P4 3.0 GHz", "Pentium 4 HT",
    "Mobile Intel(R) Pentium(R) 4 - M CPU 2.00GHz", "Pentium III", "Pentium 3 800 MHz", "PIII", "Pentium II", "Pentium Pro", "Pentium MMX",
    "Pentium 133 MHz", "Intel(R) Pentium(R) M processor 1.73GHz", "Pentium M", "Core Duo", "Intel Core Duo T2300", "Core(TM) Solo",
    "Genuine Intel(R) CPU T2300 @ 1.66GHz", "Pentium Dual-Core T2080", "Celeron M", "Intel(R) Celeron(R) M processor 1.50GHz", "Celeron M 420",
    "Celeron 700 MHz", "Athlon XP", "AMD Athlon(tm) XP 2400+", "Athlon MP", "Athlon 1200 MHz", "AMD Duron", "AMD K6-2", "K7", "Atom N270",
    "Intel(R) Atom(TM) CPU N280 @ 1.66GHz", "Atom Z520", "VIA C7-M", "VIA C3", "i386", "486DX2", "80486", "AMD Geode LX", "Transmeta Crusoe",
)  # fmt: skip
OTHERS = (
    "", "?", "Pentium", "Pentium Dual-Core", "Pentium(R) Dual-Core  CPU      E5200  @ 2.50GHz", "Pentium D", "Pentium D 820", "Pentium G620",
    "Pentium 4405U", "Pentium 2020M", "Pentium 3556U", "Pentium N3700", "Pentium Silver N5000", "Pentium 4 630", "Pentium 4 HT 541", "Core 2 Duo",
    "Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz", "Core2Duo", "Core 2 Solo", "Core 2 Quad Q6600", "Core i5-3470", "i5-3470", "i3", "i7-4860HQ",
    "Intel Core i7-6860HQ", "Xeon", "Xeon E5-2686 v4", "Xeon E5-2670", "Core m3-7Y30", "Core Ultra 7", "Athlon 64", "AMD Athlon(tm) 64 X2 Dual Core",
    "Athlon II X2 250", "Athlon X4 860K", "Athlon Silver 3050U", "Athlon 3000G", "Athlon 5350", "Athlon", "Sempron", "Phenom II", "Turion 64 X2",
    "Opteron 6276", "Ryzen 5 3600", "AMD Ryzen 7 PRO 4750U", "Celeron N4000", "Celeron J1900", "Celeron", "Celeron M 520", "Celeron Dual-Core T3000",
    "Pentium Dual-Core T2390", "Atom N450", "Atom 330", "Atom x5-Z8350", "VIA Nano", "FX-8350", "A10-7850K", "i686",
)  # fmt: skip


@pytest.mark.parametrize("cpu", ONLY_32)
def test_a_processor_of_32_bits_is_known_by_its_name(cpu: str) -> None:
    assert specs.why_not(Facts(cpu=cpu)) == "bits"
    assert specs.why_not(Facts(cpu=cpu.upper())) == "bits"


@pytest.mark.parametrize("cpu", OTHERS)
def test_no_other_is_taken_for_one(cpu: str) -> None:
    assert specs.why_not(Facts(cpu=cpu)) is None


def test_who_says_that_it_knows_64_bits_is_believed() -> None:
    assert specs.why_not(Facts(cpu="Pentium 4", bits=64)) is None
    assert specs.why_not(Facts(cpu="Core i5-3470", bits=32)) == "bits"


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"ram_mb": 1024}, None), ({"ram_mb": 1023}, "memory"), ({"ram_mb": None}, None),
        ({"nic_mbit": 100}, None), ({"nic_mbit": 99}, "network"), ({"nic_mbit": None}, None),
        ({"ram_mb": 512, "nic_mbit": 10, "bits": 32}, "bits"), ({"ram_mb": 512, "nic_mbit": 10}, "memory"),
    ],
)  # fmt: skip
def test_the_least_that_a_computer_needs(facts: dict[str, Any], why: str | None) -> None:
    assert specs.why_not(Facts(**facts)) == why


def test_the_least_is_a_setting(settings: Any) -> None:
    settings.MIN_COMPUTER_RAM_MB, settings.MIN_COMPUTER_NIC_MBIT = 4096, 1000
    assert specs.why_not(Facts(ram_mb=2048)) == "memory"
    assert specs.why_not(Facts(ram_mb=4096, nic_mbit=100)) == "network"


def test_each_reason_is_told_and_the_given_one_first() -> None:
    facts = {"cpu": "Pentium 4", "ram_mb": 256, "nic_mbit": 10}
    assert specs.all_why_not(Facts(**facts)) == ["bits", "memory", "network"]
    assert Computer(**facts, reason="memory").reasons == (
        "It has too little memory. It is a 32-bit computer. Its network card is too slow."
    )
    assert Computer(**facts, reason="enough").reasons == "There is no place for more computers just now."

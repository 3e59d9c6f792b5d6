"""Amounts as people write them."""

import pytest

from nodes import amounts

CASES = {
    "ram_mb": {
        "4 GB": 4096, "4096": 4096, "4": 4096, "4,096 MB": 4096, "0,5 GB": 512, "512MB": 512, "1.5": 1536, "2 TB": 2 * 1024 * 1024, "4 GiB.": 4096,
        "4GB DDR3": 4096,
    },
    "disk_gb": {
        "1 TB": 1000, "500": 500, "500 GB": 500, "1.000 GB": 1000, "0": 0, "none": 0, "sin disco": 0, "1,5TB": 1500, "80 Gb": 80, "240 GB SSD": 240,
    },
    "nic_mbit": {
        "1 Gbit/s": 1000, "10/100/1000": 1000, "10/100": 100, "100": 100, "1000 Mbps": 1000, "Gigabit": 1000, "2.5 Gbit/s": 2500,
        "10/100/1000 Mbps": 1000, "10/100Base-TX": 100,
    },
    "grams": {"12,5 kg": 12500, "12.5": 12500, "9500 g": 9500, "9500": 9500, "8,450 kg": 8450},
    "year": {"2012": 2012, "2012-05-01": 2012, "05/2012": 2012},
    "bits": {"64": 64, "64-bit": 64, "x86_64": 64, "32 bits": 32, "i386": 32},
}  # fmt: skip


@pytest.mark.parametrize(("fact", "text", "value"), [(f, t, v) for f, texts in CASES.items() for t, v in texts.items()])
def test_it_is_read(fact: str, text: str, value: int) -> None:
    assert amounts.READERS[fact](text) == value


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "-4",
        "4 GB 8 GB",
        "4 stones",
        "1e9",
        "٤",
        "9" * 30,
        "GB",
        "4;DROP",
        "1/0/x",
        "240 GB SSD + 1 TB HDD",
        "SSD",
        "20122",
    ],
)
@pytest.mark.parametrize("fact", CASES)
def test_what_nobody_can_read_is_not_guessed(fact: str, text: str) -> None:
    assert amounts.READERS[fact](text) in (None, *([20122, 20122 * 1024] if text == "20122" else []))

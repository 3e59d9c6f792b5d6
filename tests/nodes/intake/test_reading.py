"""minga-intake reads recorded files of computers: what is there, what is not, and what it may not ask."""

from pathlib import Path
from typing import Any

import pytest

from nodes.intake import machine_facts
from tests.nodes.intake import recorded

intake = recorded.program()


def no_smart(_device: str, _lacking: list[str]) -> dict[str, Any]:
    return {}


def read(root: Path, run: Any = no_smart) -> dict[str, Any]:
    found: dict[str, Any] = intake.read_all(intake.Tree(str(root)), run)
    return found


@pytest.fixture
def desktop(tmp_path: Path) -> Path:
    return recorded.desktop(tmp_path)


def test_a_desktop_is_read_and_the_portal_takes_it(desktop: Path) -> None:
    found = read(desktop)
    expected = {
        "kind": "desktop", "vendor": "Dell Inc.", "product": "OptiPlex 780", "serial": "ABC123J", "threads": 2, "bits": 64,
        "cpu": "Intel(R) Core(TM)2 Duo CPU E8400 @ 3.00GHz", "virtualisation": "vmx", "ram_mb": 3789, "ram_installed_mb": 4096, "not_read": [],
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    assert machine_facts.read(found).machine["product"] == "OptiPlex 780"


def test_of_the_disks_only_those_built_in_are_read(desktop: Path) -> None:
    [disk] = read(desktop)["disks"]
    assert (disk["name"], disk["bus"], disk["size_gb"], disk["rotational"]) == ("sda", "ata", 320, True)


def test_a_card_without_a_speed_and_one_without_a_cable_are_told_apart(desktop: Path) -> None:
    wired, wireless = read(desktop)["cards"]
    assert (wired["mbit"], wired["wireless"]) == (1000, False)
    assert (wireless["mbit"], wireless["wireless"]) == (None, True)


def test_smart_counts_what_smartctl_writes_first(desktop: Path) -> None:
    [disk] = read(desktop, lambda _device, lacking: intake.smart_facts(recorded.SMART_ATA, lacking))["disks"]
    told = {name: disk[name] for name in ("health", "reallocated", "pending", "power_on_hours", "serial")}
    assert told == {
        "health": "passed", "reallocated": 8, "pending": 1, "power_on_hours": 23456, "serial": "WD-WCAV2A123456",
    }  # fmt: skip


def test_smart_of_nvme_has_its_own_words() -> None:
    told = intake.smart_facts(recorded.SMART_NVME, lacking := [])
    assert (told["used_percent"], told["media_errors"], told["power_on_hours"], lacking) == (3, 0, 812, [])


@pytest.mark.parametrize(
    "told", [{}, [], None, {"smart_status": 3}, {"ata_smart_attributes": {"table": [None, {"id": 5}]}}]
)
def test_what_smartctl_cannot_tell_stays_empty(told: Any) -> None:
    found = intake.smart_facts(told, lacking := [])
    assert (found["health"], found["reallocated"], lacking) == ("", None, ["smart"])


def test_without_smartctl_it_says_so_once(desktop: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(intake.shutil, "which", lambda *_args, **_kwargs: None)
    found = read(desktop, intake.run_smartctl)
    assert (found["not_read"], "health" in found["disks"][0]) == (["smartctl"], False)


def test_without_root_smartctl_is_not_asked(desktop: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(intake.shutil, "which", lambda *_args, **_kwargs: "/bin/false")
    monkeypatch.setattr(intake.os, "geteuid", lambda: 1000)
    assert read(desktop, intake.run_smartctl)["not_read"] == ["smart_rights"]


def test_without_root_the_board_is_not_asked_and_memory_is_counted_in_blocks(desktop: Path, monkeypatch: Any) -> None:
    closed = {"sys/class/dmi/id/product_serial", "sys/firmware/dmi/tables/DMI"}
    folder = "sys/devices/system/memory"
    recorded.write(desktop, f"{folder}/block_size_bytes", "8000000\n")
    for number in range(31):
        recorded.write(desktop, f"{folder}/memory{number}/online", "1\n")
    plain = intake.Tree.bytes

    def forbidden(tree: Any, name: str) -> bytes:
        if name in closed:
            raise PermissionError(name)
        found: bytes = plain(tree, name)
        return found

    monkeypatch.setattr(intake.Tree, "bytes", forbidden)
    found = read(desktop)
    assert (found["not_read"], found["ram_installed_mb"], found.get("serial", "")) == (["board"], 31 * 128, "")


def test_an_old_processor_has_32_bits_and_nothing_for_virtual_machines(desktop: Path) -> None:
    recorded.write(
        desktop,
        "proc/cpuinfo",
        "processor\t: 0\nmodel name\t: Intel(R) Pentium(R) 4 CPU 2.40GHz\nflags\t\t: fpu sse2\n",
    )
    found = read(desktop)
    assert (found["bits"], found["virtualisation"], found["threads"]) == (32, "none", 1)


@pytest.mark.parametrize("text", ["To Be Filled By O.E.M.", "Default string", "System Serial Number", "00000000", " "])
def test_what_makers_leave_in_place_of_a_number_is_none(text: str, desktop: Path) -> None:
    recorded.write(desktop, "sys/class/dmi/id/product_serial", text)
    assert read(desktop)["serial"] == ""


def test_of_lenovo_the_name_that_people_know_is_read(desktop: Path) -> None:
    for name, text in {"sys_vendor": "LENOVO", "product_name": "10A9S0", "product_version": "ThinkCentre M73"}.items():
        recorded.write(desktop, f"sys/class/dmi/id/{name}", text)
    assert read(desktop)["product"] == "ThinkCentre M73 10A9S0"


def test_where_nothing_is_it_says_what_it_could_not_read(tmp_path: Path) -> None:
    assert read(tmp_path)["not_read"] == ["disks", "cards", "memory", "processor"]


def test_rubbish_in_the_bios_is_cut_to_what_can_be_printed(desktop: Path) -> None:
    recorded.write(desktop, "sys/class/dmi/id/product_name", b"\xff\x00\x1b[31mOpti\x07Plex" + b"x" * 500)
    found = read(desktop)
    assert (found["product"].isprintable(), len(found["product"]) <= 60) == (True, True)
    assert machine_facts.read(found).machine["product"]


@pytest.mark.parametrize("size", range(0, 60, 7))
def test_half_a_table_of_the_board_counts_what_is_whole(size: int, tmp_path: Path) -> None:
    recorded.write(tmp_path, "sys/firmware/dmi/tables/DMI", (recorded.module(1024) * 2)[:size])
    assert intake.in_slots(intake.Tree(str(tmp_path))) in (None, 1024, 2048)

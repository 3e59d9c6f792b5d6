"""minga-intake on computers and networks that nobody expects: it reads what it can, never breaks off, and loses no report."""

import ast
import json
import os
import subprocess
import sys
from http.client import IncompleteRead
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from nodes.intake import machine_facts
from tests.nodes.intake import recorded

intake = recorded.program()


@pytest.fixture
def desktop(tmp_path: Path) -> Path:
    return recorded.desktop(tmp_path)


def read(root: Path, run: Any = lambda _device, _lacking: {}) -> dict[str, Any]:
    found: dict[str, Any] = intake.read_all(intake.Tree(str(root)), run)
    machine_facts.read({**found, "cpu": found["cpu"] or "x"})  # the portal takes it
    return found


def names(root: Path) -> list[str]:
    return [disk["name"] for disk in read(root)["disks"]]


def test_its_text_is_python_3_6() -> None:
    ast.parse(recorded.FILE.read_text(), feature_version=(3, 6))


def test_files_that_nobody_may_read_stay_unread(desktop: Path, monkeypatch: Any) -> None:
    def forbidden(_tree: Any, name: str) -> bytes:
        raise PermissionError(name)

    monkeypatch.setattr(intake.Tree, "bytes", forbidden)
    found = read(desktop)
    assert (found["cpu"], found["not_read"]) == ("", ["board", "memory", "processor"])


def test_a_board_that_tells_an_impossible_memory_tells_none(desktop: Path) -> None:
    huge = bytearray(recorded.module(0x7FFF) + bytes(0))
    row = bytes([17, 34]) + bytes(huge[2:27]) + bytes(1) + b"\xff\xff\xff\x7f" + bytes(2) + b"DIMM\0\0"
    recorded.write(desktop, "sys/firmware/dmi/tables/DMI", row)
    assert read(desktop)["ram_installed_mb"] is None


def test_a_disk_of_an_impossible_size_has_none(desktop: Path) -> None:
    recorded.write(desktop, f"{recorded.PCI}/ata1/host0/target0:0:0/0:0:0:0/block/sda/size", "9" * 18)
    assert read(desktop)["disks"][0]["size_gb"] is None


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("zd0", "sys/devices/virtual"), ("bcache0", "sys/devices/virtual"), ("md127", "sys/devices/virtual"), ("sr1", "sys/devices/x"),
    ],
)  # fmt: skip
def test_disks_that_are_made_of_others_do_not_count(name: str, where: str, desktop: Path) -> None:
    recorded.disk(desktop, name, where, model="", sectors=30_000_000)
    assert names(desktop) == ["sda"]


def test_a_card_in_its_slot_and_a_second_way_to_a_disk_do_not_count(desktop: Path) -> None:
    recorded.disk(desktop, "mmcblk0", "sys/devices/platform/mmc_host", model="", sectors=30_000_000)
    recorded.write(desktop, "sys/devices/platform/mmc_host/block/mmcblk0/device/type", "SD\n")
    recorded.disk(desktop, "nvme0c0n1", "sys/devices/pci0000:00/nvme/nvme0", model="970", sectors=30_000_000)
    recorded.write(desktop, "sys/devices/pci0000:00/nvme/nvme0/block/nvme0c0n1/hidden", "1\n")
    assert names(desktop) == ["sda"]


def test_a_disk_of_an_old_controller_is_asked_by_its_file(desktop: Path) -> None:
    recorded.disk(desktop, "cciss!c0d0", "sys/devices/pci0000:00/cciss0", model="", sectors=30_000_000)
    asked = []
    read(desktop, lambda device, _lacking: asked.append(device) or {})
    assert "/dev/cciss/c0d0" in asked


def test_nvme_with_several_ways_is_nvme(desktop: Path) -> None:
    where = "sys/devices/virtual/nvme-subsystem/nvme-subsys0"
    recorded.disk(desktop, "nvme0n1", where, model="970", sectors=30_000_000)
    assert {disk["name"]: disk["bus"] for disk in read(desktop)["disks"]} == {"sda": "ata", "nvme0n1": "nvme"}


def test_64_threads_are_counted(desktop: Path) -> None:
    one = "processor\t: {}\nmodel name\t: AMD EPYC\nflags\t\t: lm svm " + "x" * 1500 + "\n\n"
    recorded.write(desktop, "proc/cpuinfo", "".join(one.format(n) for n in range(64)))
    assert (read(desktop)["threads"], read(desktop)["virtualisation"]) == (64, "svm")


@pytest.mark.parametrize(
    "told", ["[]", "5", '{"ata_smart_attributes": {"table": 3}}', '{"ata_smart_attributes": {"table": [{"id": []}]}}']
)
def test_smartctl_may_tell_anything(told: str, desktop: Path) -> None:
    assert read(desktop, lambda _device, lacking: intake.smart_facts(json.loads(told), lacking))["not_read"] == [
        "smart"
    ]


def test_a_reply_that_breaks_off_is_a_portal_that_does_not_answer() -> None:
    class Broken(BytesIO):
        def read(self, *_args: Any) -> bytes:
            raise IncompleteRead(b"{")

    error = HTTPError("http://x", 502, "", {}, Broken())  # type: ignore[arg-type]
    assert isinstance(intake.why_refused(error), intake.NotSent)


def test_a_redirect_names_the_address_that_is_to_be_said() -> None:
    error = HTTPError("http://x", 301, "", {"Location": "https://labs.example.org/api/v1/intake/"}, BytesIO())  # type: ignore[arg-type]
    assert "leads on to https://labs.example.org: say" in str(intake.why_refused(error))


@pytest.mark.parametrize("coding", ["ascii", "latin-1", "utf-8"])
def test_a_console_of_any_coding_can_be_answered(coding: str) -> None:
    env = {**os.environ, "PYTHONIOENCODING": coding, "PYTHONUTF8": "0", "LANG": "es_EC"}
    command = [sys.executable, str(recorded.FILE), "--url", "http://127.0.0.1:1"]
    done = subprocess.run(command, input="ñ\n\n".encode("latin-1"), env=env, capture_output=True)
    assert (done.returncode, b"Traceback" in done.stderr) == (intake.NOT_SENT, False)

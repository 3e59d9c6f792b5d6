"""The program minga-intake as a module, and the files of /proc and /sys of some computers, written by hand."""

import struct
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parents[3] / "deploy" / "node" / "minga-intake"
PCI = "sys/devices/pci0000:00/0000:00:1f.2"
SMART_ATA: dict[str, Any] = {
    "model_name": "WDC WD3200AAJS-00L7A0",
    "serial_number": "WD-WCAV2A123456",
    "smart_status": {"passed": True},
    "power_on_time": {"hours": 23456},
    "ata_smart_attributes": {
        "table": [
            {"id": 5, "name": "Reallocated_Sector_Ct", "raw": {"value": 8, "string": "8"}},
            {"id": 9, "name": "Power_On_Hours", "raw": {"value": 98765432123456, "string": "23456h+12m"}},
            {"id": 197, "name": "Current_Pending_Sector", "raw": {"value": 4294967297, "string": "1 (0 1)"}},
        ]
    },
}
SMART_NVME: dict[str, Any] = {
    "model_name": "Samsung SSD 970 EVO",
    "serial_number": "S466NX0K",
    "smart_status": {"passed": True},
    "power_on_time": {"hours": 812},
    "nvme_smart_health_information_log": {"percentage_used": 3, "media_errors": 0},
}


def program() -> Any:
    """Load the program anew."""
    loader = SourceFileLoader("minga_intake", str(FILE))
    module = module_from_spec(spec_from_loader("minga_intake", loader))  # type: ignore[arg-type]
    loader.exec_module(module)
    return module


def desktop(root: Path) -> Path:
    """Write the files of a desktop: a Core 2 Duo, two modules of memory, a disk, a DVD drive, a stick, two network cards."""
    cpu = (
        "processor\t: {}\nmodel name\t: Intel(R) Core(TM)2 Duo CPU     E8400  @ 3.00GHz\nflags\t\t: fpu pae lm vmx\n\n"
    )
    write(root, "proc/cpuinfo", cpu.format(0) + cpu.format(1))
    write(root, "proc/meminfo", "MemTotal:        3880052 kB\nMemFree:         1 kB\n")
    for name, text in {
        "sys_vendor": "Dell Inc.", "product_name": "OptiPlex 780                 ", "product_version": "Not Specified",
        "product_serial": "ABC123J", "chassis_type": "6",
    }.items():  # fmt: skip
        write(root, f"sys/class/dmi/id/{name}", f"{text}\n")
    table = module(2048) + module(0) + module(2048) + bytes([127, 4, 9, 0, 0, 0])
    write(root, "sys/firmware/dmi/tables/DMI", table)
    disk(root, "sda", f"{PCI}/ata1/host0/target0:0:0/0:0:0:0", model="WDC WD3200AAJS-0", sectors=625142448, spins=1)
    disk(root, "sr0", f"{PCI}/ata2/host1/target1:0:0/1:0:0:0", model="DVD", sectors=2097151, removable=1)
    disk(root, "sdb", "sys/devices/pci0000:00/0000:00:1d.7/usb1/1-1/host6", model="Stick", sectors=30000000)
    disk(root, "loop0", "sys/devices/virtual", model="", sectors=1000)
    card(root, "eth0", "1000", 1)
    card(root, "wlan0", "", 1, is_wireless=True)
    write(root, "sys/class/net/lo/type", "772\n")
    return root


def disk(root: Path, name: str, where: str, *, model: str, sectors: int, spins: int = 0, removable: int = 0) -> None:
    """Write a disk, with the link by which Linux names it."""
    folder = f"{where}/block/{name}"
    for file, text in {"size": sectors, "queue/rotational": spins, "removable": removable, "dev": "8:0"}.items():
        write(root, f"{folder}/{file}", f"{text}\n")
    write(root, f"{folder}/device/model", f"{model}   \n")
    (root / "sys/block").mkdir(parents=True, exist_ok=True)
    (root / "sys/block" / name).symlink_to(root / folder)


def card(root: Path, name: str, speed: str, kind: int, *, is_wireless: bool = False) -> None:
    for file, text in {"type": str(kind), "speed": speed, "device/vendor": "0x8086"}.items():
        write(root, f"sys/class/net/{name}/{file}", f"{text}\n")
    if is_wireless:
        (root / "sys/class/net" / name / "phy80211").mkdir()


def module(size: int) -> bytes:
    """Return a module of memory as the main board describes it (SMBIOS, type 17)."""
    return struct.pack("<BBHHHHHH", 17, 27, 0x1100, 0x1000, 0xFFFE, 64, 64, size) + bytes(13) + b"DIMM_1\0\0"


def write(root: Path, name: str, content: str | bytes) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def facts(**changes: Any) -> dict[str, Any]:
    """Return what the program sends of the desktop."""
    disk = {
        "name": "sda", "bus": "ata", "model": "WDC WD3200AAJS", "serial": "WD-WCAV2A123456", "size_gb": 320, "rotational": True,
        "health": "passed", "reallocated": 0, "pending": 0, "power_on_hours": 23456,
    }  # fmt: skip
    return {
        "version": "1", "kind": "desktop", "vendor": "Dell Inc.", "product": "OptiPlex 780", "serial": "ABC123J",
        "cpu": "Intel(R) Core(TM)2 Duo CPU E8400 @ 3.00GHz", "threads": 2, "bits": 64, "virtualisation": "vmx", "ram_mb": 3789,
        "ram_installed_mb": 4096, "grams": 8400, "disks": [disk], "cards": [{"name": "eth0", "mbit": 1000, "wireless": False}],
        "not_read": [], **changes,
    }  # fmt: skip

"""Find out whether KVM works here. A kernel may hang in it although /dev/kvm is there, so the tiny guest is booted once."""

import os
import tempfile
from pathlib import Path
from typing import Any

from cloud.localcloud.guests import GuestFailed
from cloud.localcloud.qemu_machine import READY, Machine
from cloud.localcloud.rows import ServerRow
from cloud.localcloud.tiny_linux import TinyLinux

PROBE_SECONDS = 8.0  # with KVM the guest is ready in 2
KVM = Path("/dev/kvm")


async def find(data: Path, linux: TinyLinux) -> str:
    """Return kvm or tcg (emulation). The verdict is kept in DATA, for this kernel of the host."""
    if not os.access(KVM, os.R_OK | os.W_OK):
        return "tcg"
    verdict = data / f"acceleration-{os.uname().release}"
    if not verdict.exists():
        works = await _kvm_works(data, linux)
        verdict.write_text("kvm" if works else "tcg")
    return verdict.read_text()


async def _kvm_works(data: Path, linux: TinyLinux) -> bool:
    print(f"Trying KVM with a guest, for at most {PROBE_SECONDS:.0f} seconds, once.", flush=True)
    with tempfile.TemporaryDirectory(prefix="minga-") as sockets:
        machine = Machine(data, Path(sockets), "probe")  # in DATA, where the next start ends it if we are killed
        empty: dict[str, Any] = dict.fromkeys(
            ("machine", "owner", "flavor_id", "image_id", "user_data", "vnc_password"), ""
        )
        size = {"vcpus": 1, "ram_mb": 128, "disk_gb": 1}
        row = ServerRow(id="probe", name="probe", public_keys=[], ports=[], created_at="", **empty | size)
        machine.folder.mkdir(parents=True, exist_ok=True)
        machine.write_config_drive(row)
        machine.disk.write_bytes(linux.disk(1).read_bytes())
        try:
            await machine.boot(row, linux, "kvm")
            return await machine.says(READY, 0, PROBE_SECONDS)
        except GuestFailed:
            return False
        finally:
            await machine.kill()
            machine.erase()

"""Tiny Linux's disk, as a normal user builds it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from cloud.localcloud import tiny_linux
from tests.cloud.conftest import HAS_QEMU

BUILDER = 1000  # in the guest that is the student, who must not write to /bin


@pytest.mark.skipif(not HAS_QEMU, reason="QEMU is not installed")
def test_all_files_belong_to_root_whoever_built_it(tmp_path: Path) -> None:
    for folder in ("root/bin", "root/home/student"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "root/bin/busybox").touch()
    (tmp_path / "root/bin/cat").symlink_to("/bin/busybox")
    if os.geteuid() == 0:
        for path in tmp_path.rglob("*"):
            os.chown(path, BUILDER, BUILDER, follow_symlinks=False)
    tiny_linux._make_disk(tmp_path, tmp_path / "disk.qcow2", 1)
    owners = [
        _owner(tmp_path / "disk.qcow2", path) for path in ("/", "/bin", "/bin/busybox", "/bin/cat", "/home/student")
    ]
    assert owners == [("0", "0")] * 5


@pytest.mark.skipif(not HAS_QEMU, reason="QEMU is not installed")
def test_a_program_that_makes_root_stays_one_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "root/usr/bin").mkdir(parents=True)
    sudo = tmp_path / "root/usr/bin/sudo"
    sudo.touch()
    sudo.chmod(0o4755)
    tiny_linux._make_disk(tmp_path, tmp_path / "disk.qcow2", 1)
    assert re.search(r"Mode:\s+04755", _stat(tmp_path / "disk.qcow2", "/usr/bin/sudo"))
    assert _owner(tmp_path / "disk.qcow2", "/usr/bin/sudo") == ("0", "0")


def _owner(disk: Path, path: str) -> tuple[str, str]:
    user, group = re.findall(r"User:\s+(\d+)\s+Group:\s+(\d+)", _stat(disk, path))[0]
    return user, group


def _stat(disk: Path, path: str) -> str:
    """Return what debugfs says of a file on a disk."""
    raw = disk.with_suffix(".raw")
    if not raw.exists():
        subprocess.run(["qemu-img", "convert", "-O", "raw", disk, raw], check=True)
    debugfs = tiny_linux.tool_path("debugfs") or "debugfs"
    return subprocess.run([debugfs, "-R", f"stat {path}", raw], capture_output=True, text=True, check=True).stdout

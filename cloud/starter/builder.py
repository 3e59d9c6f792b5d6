"""Build a starter image with mmdebstrap, as root or in a user namespace: one build at a time, whole or not at all."""

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from cloud.starter.recipes import GUEST, Recipe

SUITE = "bookworm"
SBIN = "/usr/sbin:/sbin"  # where a normal user's PATH often does not look
TOOLS = ("setpriv", "unshare", "mmdebstrap", "mke2fs", "sfdisk", "syslinux", "mformat", "mcopy", "qemu-img")
MBR = Path("/usr/lib/syslinux/mbr/mbr.bin")
SOURCES = Path("/etc/apt")
MOUNTS = Path("/proc/self/mountinfo")
# mmdebstrap dies with us, also by kill -9. As root it mounts /proc, /sys and /dev in its folder, which the next build removes:
# in namespaces of its own these mounts end with it, and are never there for others.
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
OWN_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
BUILD_SECONDS = 1800.0  # minutes over a slow line
SECTOR = 512
BOOT_START, ROOT_START = 2048, 2048 + 64 * 2048  # sectors: 1 MiB free, 64 MiB of FAT for the boot loader, then the root
QUIET = ('Acquire::Check-Valid-Until "false"', 'Acquire::Languages "none"')
LEFT_OUT = ("man", "locale", "i18n", "info", "doc")  # folders of /usr/share; copyrights stay


class CannotBuild(Exception):
    """A tool, a right or a package is missing; the text is a sentence for people."""


def find_or_build(folder: Path, recipe: Recipe, say: Callable[[str], None]) -> Path:
    """Return the built image of this recipe. A second caller waits for the first one's build. Raises CannotBuild."""
    folder = folder.resolve()  # the steps run elsewhere
    image = folder / recipe.file_name
    if image.exists():
        return image
    if missing := missing_tools():
        raise CannotBuild(f"{recipe.name} cannot be built: {', '.join(missing)} not installed.")
    folder.mkdir(parents=True, exist_ok=True)
    _need_room(folder, recipe)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # freed when the process ends, however it ends
        if image.exists():
            return image
        _remove_killed(folder)
        say(f"Building {recipe.name} from Debian's packages: a minute or two, once.")
        with tempfile.TemporaryDirectory(dir=folder, prefix="building-") as scratch:
            built = _build(Path(scratch), recipe)
            _write_through(built)
            built.rename(image)
    return image


def _write_through(file: Path) -> None:
    """Bring the file to the disk before it gets its name: after a power cut an image with that name is whole."""
    with open(file, "rb") as written:
        os.fsync(written.fileno())


def _need_room(folder: Path, recipe: Recipe) -> None:
    """Raise CannotBuild where the disk is too full. While it is built, an image takes about the size of its disk."""
    free_mb = shutil.disk_usage(folder).free // 2**20
    if free_mb < recipe.disk_mb:
        raise CannotBuild(
            f"{recipe.name} cannot be built: it takes {recipe.disk_mb} MB of disk, and {free_mb} MB are free."
        )


def _remove_killed(folder: Path) -> None:
    """Remove what killed builds left: nobody else builds while the lock is ours. Never through a mount: /dev may be below it."""
    mounts = MOUNTS.read_text()
    for killed in folder.glob("building-*"):
        if f"{killed}/" in mounts:
            raise CannotBuild(f"Something is still mounted below {killed}. Unmount it, then remove that folder.")
        shutil.rmtree(killed, ignore_errors=True)


def missing_tools() -> list[str]:
    """Return what must be installed before an image can be built here."""
    missing = [tool for tool in TOOLS if not _tool_path(tool)]
    return missing if MBR.exists() else [*missing, "syslinux-common"]


def sources(folder: Path = SOURCES) -> list[str]:
    """Return this computer's own apt sources of the suite: they are reachable from here. Empty: mmdebstrap's usual ones."""
    files = [folder / "sources.list", *folder.glob("sources.list.d/*.list"), *folder.glob("sources.list.d/*.sources")]
    return sorted(str(file) for file in files if file.exists() and SUITE in file.read_text(errors="replace"))


def command(recipe: Recipe, root_disk: Path, boot: Path) -> list[str]:
    """Return the call of mmdebstrap. Its last hooks write the disk, where files belong to root also in a namespace."""
    left_out = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    return [
        *DIES_WITH_US,
        *(OWN_NAMESPACES if os.geteuid() == 0 else ()),
        *("mmdebstrap", "--quiet", "--mode=auto", "--variant=minbase", "--format=null"),
        *(f"--aptopt={option}" for option in QUIET),
        *("--dpkgopt=force-unsafe-io", *left_out, "--dpkgopt=path-include=/usr/share/doc/*/copyright"),
        *(f'--setup-hook=sh "{GUEST / "before"}" "$1"', f"--include={','.join(recipe.packages)}"),
        *(f'--customize-hook=sh "{GUEST / name}" "$1" "{GUEST}" "{boot}"' for name in recipe.scripts),
        *(f'--customize-hook=sh "{GUEST / "write-disk"}" "$1" "{root_disk}"',),
        *(SUITE, "/dev/null", *sources()),  # /dev/null: the target, which this format does not write
    ]


def _build(scratch: Path, recipe: Recipe) -> Path:
    disk, root_disk, boot, done = (scratch / name for name in ("disk", "root", "boot", "done.qcow2"))
    boot.mkdir()
    boot.chmod(0o777)  # in a user namespace somebody else writes there, and the root's disk
    _empty_file(root_disk, recipe.disk_mb * 2**20 - ROOT_START * SECTOR)
    root_disk.chmod(0o666)
    scratch.chmod(0o755)
    _run(command(recipe, root_disk, boot), scratch)
    _empty_file(disk, recipe.disk_mb * 2**20)
    size = ROOT_START - BOOT_START
    table = f"label: dos\nstart={BOOT_START},size={size},type=6,bootable\nstart={ROOT_START},type=83\n"
    _run(["sfdisk", "-q", str(disk)], scratch, table)
    _run(["dd", f"if={MBR}", f"of={disk}", "conv=notrunc", "status=none"], scratch)
    _write_boot_partition(scratch, disk, boot)
    _run(["dd", f"if={root_disk}", f"of={disk}", "bs=1M", f"seek={ROOT_START // 2048}", "conv=notrunc,sparse"], scratch)
    _run(["qemu-img", "convert", "-c", "-O", "qcow2", str(disk), str(done)], scratch)
    return done


def _write_boot_partition(scratch: Path, disk: Path, boot: Path) -> None:
    """Write the FAT partition with kernel, initramfs and boot loader; the guest keeps it up to date itself."""
    where = f"{disk}@@{BOOT_START * SECTOR}"
    size = str(ROOT_START - BOOT_START)
    shape = ["-h", "255", "-s", "63", "-H", str(BOOT_START), "-T", size]
    _run(["mformat", "-i", where, *shape, "-v", "STARTERBOOT", "::"], scratch)
    files = [boot / "vmlinuz", boot / "initrd", GUEST / "syslinux.cfg"]
    _run(["mcopy", "-i", where, *map(str, files), "::"], scratch)
    _run(["syslinux", "-t", str(BOOT_START * SECTOR), "-i", str(disk)], scratch)


def _empty_file(path: Path, size: int) -> None:
    with open(path, "wb") as file:
        file.truncate(size)


def _run(words: list[str], cwd: Path, text: str = "") -> None:
    """Run one step in a session of its own, so that its children end with it."""
    path = f"{os.environ.get('PATH', '')}:{SBIN}"
    environment = {**os.environ, "PATH": path, "LC_ALL": "C", "MTOOLS_SKIP_CHECK": "1"}
    environment["TMPDIR"] = str(cwd)  # what a killed build leaves is then in the folder that the next one removes
    process = subprocess.Popen(
        words, cwd=cwd, env=environment, text=True, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = process.communicate(text, timeout=BUILD_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        if isinstance(error, subprocess.TimeoutExpired):
            raise CannotBuild(
                f"The image could not be built: {_program(words)} took over {BUILD_SECONDS:.0f} s."
            ) from None
        raise
    if process.returncode:
        raise CannotBuild(f"The image could not be built: {_program(words)} said: {_reason(said)}")


def _program(words: list[str]) -> str:
    return "mmdebstrap" if "mmdebstrap" in words else words[0]


def _reason(said: str) -> str:
    """Return the last line that names a cause: mmdebstrap ends with lines that only say that it failed."""
    causes = [line for line in said.strip().splitlines() if not line.startswith(("E: mmdebstrap", "E: setup", "I: "))]
    return causes[-1] if causes else "no reason given"


def _tool_path(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path=SBIN)

"""Tiny Linux: the guest's kernel, initramfs and disk, made from the distribution's own packages as a normal user."""

import gzip
import hashlib
import lzma
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cloud.localcloud.cpio import Archive

GUEST = Path(__file__).parent / "guest"
SBIN = "/usr/sbin:/sbin"  # where mke2fs is, and where a normal user's PATH often does not look
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio_rng", "ext4", "button", "evdev", "atkbd", "i8042")
FOLDERS = (
    "bin sbin usr/bin usr/sbin usr/lib usr/libexec/sudo lib lib64 etc/dropbear etc/pam.d etc/acpi/PWRF proc sys dev run tmp root "
    "home/student var/www var/lib/sudo var/log"
)
SBIN_TOOLS = ("init", "poweroff", "reboot", "halt", "getty", "switch_root")
COMMAND_SECONDS = 180.0  # for one step of the build; a download over a slow line is the longest


class CannotBuild(Exception):
    """A tool or a package is missing; the text is a sentence for people."""


@dataclass(frozen=True)
class TinyLinux:
    """Kernel, initrd and disk that a guest boots from."""

    folder: Path

    @property
    def kernel(self) -> Path:
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.folder / "initrd"

    def disk(self, gb: int) -> Path:
        """Return a read-only qcow2 file with a file system of this size, made at its first use."""
        folder = self.folder.resolve()  # overlays find it from anywhere
        path = folder / f"disk-{gb}.qcow2"
        if not path.exists():
            _make_disk(folder, path, gb)
        return path


def find_or_build(data: Path, say: Callable[[str], None]) -> TinyLinux:
    """Return the guest of this recipe, built once per DATA. Raises CannotBuild."""
    folder = data / f"tiny-linux-{_recipe()}"
    if folder.exists():
        return TinyLinux(folder)
    for tool in ("apt-get", "apt-cache", "dpkg-deb", "mke2fs", "debugfs"):
        if not tool_path(tool):
            raise CannotBuild(f"{tool} is not installed, which builds the guest of QEMU.")
    say("Building Tiny Linux, the guest of QEMU, from the distribution's packages: about half a minute, once.")
    with tempfile.TemporaryDirectory(dir=data, prefix="building-") as scratch:
        _build(Path(scratch))
        (Path(scratch) / "done").rename(folder)
    return TinyLinux(folder)


def tool_path(tool: str) -> str | None:
    return shutil.which(tool) or shutil.which(tool, path=SBIN)


def _recipe() -> str:
    files = [Path(__file__), *sorted(GUEST.iterdir())]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def _run(*command: str, cwd: Path | None = None) -> str:
    path = tool_path(command[0]) or command[0]
    try:
        done = subprocess.run(
            [path, *command[1:]], cwd=cwd, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=True
        )
    except subprocess.CalledProcessError as error:
        why = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise CannotBuild(f"Tiny Linux could not be built: {command[0]} said: {why}") from None
    except (subprocess.TimeoutExpired, OSError) as error:
        raise CannotBuild(f"Tiny Linux could not be built: {error}.") from None
    return done.stdout


def _build(scratch: Path) -> None:
    done = scratch / "done"
    done.mkdir()
    kernel = _kernel_package()
    libraries = _with_dependencies("dropbear-bin")
    # Of the packages that sudo needs only the libraries: the rest would be Perl and tools to install it with.
    of_sudo = ["sudo", *(name for name in _with_dependencies("sudo") if name.startswith("lib") and "perl" not in name)]
    _unpack(scratch, "kernel", [kernel])
    _unpack(scratch, "busybox", ["busybox-static"])
    _unpack(scratch, "dropbear", libraries)
    _unpack(scratch, "sudo", of_sudo)
    _unpack(scratch, "sftp", ["openssh-sftp-server"])  # alone: it needs no library that dropbear does not
    busybox = next((scratch / "busybox").glob("**/bin/busybox"))
    vmlinuz = next((scratch / "kernel/boot").glob("vmlinuz-*"))
    shutil.copyfile(vmlinuz, done / "vmlinuz")
    (done / "initrd").write_bytes(_initrd(busybox, _modules(scratch / "kernel")))
    _fill_root(done / "root", busybox, scratch / "dropbear")
    _add_sudo(done / "root", scratch / "sudo")
    # Where dropbear looks for it: today's scp speaks SFTP, too.
    shutil.copy(next((scratch / "sftp").glob("**/openssh/sftp-server")), done / "root/usr/lib/sftp-server")
    _make_disk(done, done / "disk-1.qcow2", 1)


def _kernel_package() -> str:
    found = re.search(r"Depends: (linux-image-\S+)", _run("apt-cache", "depends", "linux-image-cloud-amd64"))
    if not found:
        raise CannotBuild("Tiny Linux could not be built: apt knows no linux-image-cloud-amd64 package.")
    return found[1]


def _with_dependencies(package: str) -> list[str]:
    no = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    lines = _run("apt-cache", "depends", "--recurse", *no, package).splitlines()
    return sorted({line for line in lines if re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", line)})


def _unpack(scratch: Path, name: str, packages: list[str]) -> None:
    folder = scratch / f"{name}.debs"
    folder.mkdir()
    _run("apt-get", "-q", "-o", "APT::Sandbox::User=", "download", *packages, cwd=folder)
    for package in folder.glob("*.deb"):
        _run("dpkg-deb", "-x", str(package), str(scratch / name))


def _modules(kernel: Path) -> dict[str, bytes]:
    """Return the drivers that the guest needs and that are not built in, each after those it depends on."""
    files = {path.name.split(".ko")[0].replace("-", "_"): path for path in kernel.glob("**/*.ko*")}
    chosen: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in chosen or name not in files:
            return
        content = _module(files[name])
        depends = re.search(rb"\0depends=([^\0]*)\0", content)
        for other in (depends[1].decode() if depends else "").split(","):
            add(other.replace("-", "_"))
        chosen[name] = content

    for name in MODULES:
        add(name)
    return chosen


def _module(path: Path) -> bytes:
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == ".xz" else content


def _initrd(busybox: Path, modules: dict[str, bytes]) -> bytes:
    archive = Archive()
    for folder in ("bin", "dev", "proc", "disk", "modules"):
        archive.folder(folder)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", busybox.read_bytes(), 0o755)
    for name, content in modules.items():
        archive.file(f"modules/{name}.ko", content)
    archive.file("modules/order", "".join(f"{name}.ko\n" for name in modules).encode())
    archive.file("init", (GUEST / "init").read_bytes(), 0o755)
    return gzip.compress(archive.to_bytes(), 3, mtime=0)


def _fill_root(root: Path, busybox: Path, dropbear: Path) -> None:
    for folder in FOLDERS.split():
        (root / folder).mkdir(parents=True)
    shutil.copyfile(busybox, root / "bin/busybox")
    (root / "bin/busybox").chmod(0o755)
    for tool in _run(str(busybox), "--list").split():
        place = root / ("sbin" if tool in SBIN_TOOLS else "bin") / tool
        if not place.exists():
            place.symlink_to("/bin/busybox")
    for binary in ("dropbear", "dropbearkey"):
        found = next(path for path in dropbear.glob(f"**/{binary}") if path.is_file() and "bin" in path.parent.name)
        shutil.copy(found, root / "usr/sbin")
    _copy_libraries(root, dropbear, [root / "usr/sbin/dropbear", root / "usr/sbin/dropbearkey"])
    shutil.copyfile(GUEST / "rc", root / "etc/rc")
    (root / "etc/rc").chmod(0o755)
    for name, text in ETC.items():
        (root / "etc" / name).write_text(text)
    (root / "etc/acpi/PWRF/00000080").chmod(0o755)


def _add_sudo(root: Path, unpacked: Path) -> None:
    """Add sudo, by which the student becomes root without a password: there is none to ask for."""
    shutil.copy(unpacked / "usr/bin/sudo", root / "usr/bin/sudo")
    plugin, permit = root / "usr/libexec/sudo/sudoers.so", root / "lib/pam_permit.so"
    shutil.copy(next(unpacked.glob("**/sudo/sudoers.so")), plugin)
    shutil.copy(next(unpacked.glob("**/security/pam_permit.so")), permit)
    _copy_libraries(root, unpacked, [root / "usr/bin/sudo", plugin, permit])
    (root / "usr/bin/sudo").chmod(0o4755)
    (root / "etc/sudoers").chmod(0o440)


def _copy_libraries(root: Path, unpacked: Path, programs: list[Path]) -> None:
    """Copy the shared libraries that programs name, and those that they name."""
    files = {path.name: path for path in unpacked.glob("**/*.so*") if path.is_file()}
    todo = list(programs)
    done: set[str] = set()
    while todo:
        content = todo.pop().read_bytes()
        named = (name for name in files if name not in done and name.encode() + b"\0" in content)
        for name in (name for name in named if name.startswith(("lib", "ld-"))):
            done.add(name)
            place = root / ("lib64" if name.startswith("ld-") else "lib") / name
            shutil.copy(files[name].resolve(), place)
            todo.append(place)


ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nstudent:x:1000:1000:student:/home/student:/bin/sh\n",
    "group": "root:x:0:\nstudent:x:1000:\n",
    "shadow": "root:*:19000:0:99999:7:::\nstudent:*:19000:0:99999:7:::\n",
    "shells": "/bin/sh\n",
    "sudoers": "root ALL=(ALL:ALL) ALL\nstudent ALL=(ALL:ALL) NOPASSWD: ALL\n",
    "pam.d/sudo": "".join(f"{kind} required /lib/pam_permit.so\n" for kind in ("auth", "account", "session")),
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",  # a static busybox crashes where it loads more
    "profile": "export PATH=/bin:/sbin:/usr/bin:/usr/sbin PS1='\\u@\\h:\\w\\$ '\n",
    "resolv.conf": "nameserver 10.0.2.3\n",  # of QEMU's user network
    "motd": (
        "Tiny Linux, for trying things out: a real machine of Minga's local cloud.\n"
        "You are its administrator (sudo); the editor is vi. /tmp is in memory, /home/student is on the disk.\n"
    ),
    "inittab": (
        "::sysinit:/etc/rc\n"
        "tty1::respawn:/bin/login -f student\n"
        "ttyS0::askfirst:/bin/login -f student\n"
        "::ctrlaltdel:/sbin/reboot\n"
        "::shutdown:/bin/sync\n"
        "::shutdown:/bin/umount -a -r\n"
    ),
    "acpi/PWRF/00000080": "#!/bin/sh\npoweroff\n",
}


def _make_disk(folder: Path, path: Path, gb: int) -> None:
    with tempfile.TemporaryDirectory(dir=folder, prefix="disk-") as scratch:  # several may make it at once
        raw, part = Path(scratch) / "raw", Path(scratch) / "part"
        with open(raw, "wb") as file:
            file.truncate(gb * 2**30)
        options = ["-E", "root_owner=0:0,lazy_itable_init=1", "-J", "size=4", "-m", "0"]
        _run("mke2fs", "-q", "-F", "-t", "ext4", "-L", "tiny", "-d", str(folder / "root"), *options, str(raw))
        _give_to_root(folder / "root", raw, Path(scratch) / "owners")
        _run("qemu-img", "convert", "-O", "qcow2", str(raw), str(part))
        part.rename(path)


def _give_to_root(root: Path, disk: Path, script: Path) -> None:
    """Make root the owner of all files on `disk`: mke2fs copied them with the owner who runs this build."""
    paths = [path.relative_to(root) for path in root.rglob("*")]
    script.write_text("".join(f'sif "/{path}" {field} 0\n' for path in paths for field in ("uid", "gid")))
    _run("debugfs", "-w", "-f", str(script), str(disk))

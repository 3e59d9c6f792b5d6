"""Recipes of the starter images: which packages each has beside those of a bare Debian, and what is set up in it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

GUEST = Path(__file__).parent / "guest"
COMMON = (
    "before",
    "cloud.cfg",
    "customize",
    "dhcp.network",
    "keep-boot",
    "ready.service",
    "syslinux.cfg",
    "write-disk",
)
BASE = (
    # What boots, has a network and obeys the cloud.
    "systemd-sysv", "systemd-resolved", "systemd-timesyncd", "udev", "dbus", "kmod", "e2fsprogs", "iproute2",
    "linux-image-cloud-amd64", "initramfs-tools", "zstd", "cloud-init", "cloud-guest-utils", "openssh-server",
    # What a student expects.
    "sudo", "nano", "vim-tiny", "less", "git", "python3", "python3-venv", "curl", "tmux", "ca-certificates",
    "bash-completion", "procps", "iputils-ping",
)  # fmt: skip
WEB = ("apache2", "libapache2-mod-php", "php-mysql", "mariadb-server")
DESKTOP = (
    "xfce4-session", "xfce4-panel", "xfce4-terminal", "xfce4-settings", "xfdesktop4", "xfwm4", "thunar", "mousepad",
    "tigervnc-standalone-server", "tigervnc-tools", "dbus-x11", "xfonts-base", "fonts-dejavu-core", "adwaita-icon-theme",
)  # fmt: skip


LOGIN = "student"  # see cloud.cfg
OWN_OF_DESKTOP = ("customize-desktop", "desktop.service", "desktop-start")
# Raise this when the builder writes a different disk: older images are then built again.
FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """A starter image: its name and title, its packages, the disk that it is born with (MB), and its own part of the guest's settings."""

    name: str
    title: str
    packages: tuple[str, ...]
    disk_mb: int
    ram_mb: int  # the least in which it works
    own: tuple[str, ...] = ()  # its own files in GUEST; the first is a script, see `scripts`

    @property
    def scripts(self) -> tuple[str, ...]:
        """Return the scripts of GUEST that run once the packages are installed. The last one cleans up."""
        return (*self.own[:1], "customize")

    @cached_property
    def file_name(self) -> str:
        """Return the name of the built image: another recipe is another file."""
        files = [GUEST / name for name in (*COMMON, *self.own)]
        content = repr((FORMAT, self.packages, self.disk_mb, self.own)).encode() + b"".join(
            file.read_bytes() for file in files
        )
        return f"{self.name}-{hashlib.sha256(content).hexdigest()[:12]}.qcow2"


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("debian-12", "Debian 12", BASE, 2000, 512),
        Recipe("debian-12-web", "Debian 12, web and database", (*BASE, *WEB), 3000, 768, ("customize-web",)),
        Recipe("debian-12-desktop", "Debian 12, desktop", (*BASE, *DESKTOP), 4000, 1024, OWN_OF_DESKTOP),
    )
}

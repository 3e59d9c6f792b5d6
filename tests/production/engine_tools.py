"""Docker and what it needs, from Debian's packages: unpacked into a folder of the cache, never installed on the computer."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.installation.rootfs import mirror

# apt adds what these need and the computer lacks.
ENGINE = ("docker.io", "iptables", "mmdebstrap", "slirp4netns", "debian-archive-keyring")
# Debian 12 has no Compose v2 and no buildx. These two are Go programs of Debian 13, and run on 12.
PLUGINS = ("docker-compose", "docker-buildx")
PLUGINS_SUITE = "trixie"
PROGRAMS = {
    "dockerd": "--version", "containerd": "--version", "runc": "--version", "docker": "--version", "docker-init": "--version",
    "iptables": "--version", "slirp4netns": "--version", "mmdebstrap": "--version",
}  # fmt: skip
# dpkg's maintainer scripts make these links, and none of them runs here.
IPTABLES = [f"{name}{verb}" for name in ("iptables", "ip6tables") for verb in ("", "-save", "-restore")]
KEYRING = Path("usr/share/keyrings/debian-archive-keyring.gpg")


class Tools:
    """The programs in `folder`, and an environment in which they are found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ready(self) -> "Tools":
        if not self._is_whole():
            shutil.rmtree(self.folder, ignore_errors=True)
            self._unpack(ENGINE, [])
            self._unpack(PLUGINS, self._private_apt(PLUGINS_SUITE))
            self._link()
        return self

    @property
    def plugins(self) -> Path:
        return self.folder / "usr/libexec/docker/cli-plugins"

    @property
    def keyring(self) -> Path:
        return next(place / KEYRING for place in (self.folder, Path("/")) if (place / KEYRING).exists())

    def environment(self) -> dict[str, str]:
        libraries = [str(path) for path in self.folder.glob("usr/lib/*-linux-gnu")]
        programs = [str(self.folder / place) for place in ("usr/sbin", "usr/bin")]
        usual = [os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
        return {
            **os.environ,
            "PATH": os.pathsep.join([*programs, *usual]),
            "LD_LIBRARY_PATH": os.pathsep.join(libraries),
            "XTABLES_LIBDIR": os.pathsep.join(f"{path}/xtables" for path in libraries),
        }

    def _is_whole(self) -> bool:
        """Say whether each program starts: a cache that another computer filled may lack what that one had installed."""
        environment = self.environment()
        for name, question in PROGRAMS.items():
            program = shutil.which(name, path=environment["PATH"])
            if not program or subprocess.run([program, question], env=environment, capture_output=True).returncode:
                return False
        return all((self.plugins / name).exists() for name in PLUGINS)

    def _unpack(self, packages: tuple[str, ...], options: list[str]) -> None:
        archives = self.folder / "archives" / packages[0]
        (archives / "partial").mkdir(parents=True)
        options = [*options, "-o", f"Dir::Cache::archives={archives}", "-o", "APT::Sandbox::User=root"]
        # What is missing then, the next line says.
        subprocess.run(["apt-get", "-qq", "update", *options], capture_output=True)
        if packages is PLUGINS:
            _apt("download", *options, *packages, folder=archives)
        else:
            _apt("install", "-y", "--download-only", "--no-install-recommends", "--reinstall", *options, *packages)
        for file in archives.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", file, self.folder], check=True)
        shutil.rmtree(archives)

    def _private_apt(self, suite: str) -> list[str]:
        """Options with which apt sees this suite only, and forgets it afterwards."""
        place = self.folder / "archives" / suite
        (place / "lists/partial").mkdir(parents=True)
        sources = place / "sources.list"
        sources.write_text(f"deb [signed-by={self.keyring}] {debian()} {suite} main\n")
        wishes = {"etc::sourcelist": sources, "etc::sourceparts": "-", "State::lists": place / "lists"}
        wishes |= {"Cache::pkgcache": "", "Cache::srcpkgcache": ""}
        return [word for name, value in wishes.items() for word in ("-o", f"Dir::{name}={value}")]

    def _link(self) -> None:
        for name in IPTABLES:
            (self.folder / "usr/sbin" / name).symlink_to("xtables-nft-multi")


def debian() -> str:
    """The address from which this computer's apt fetches Debian."""
    if not (found := mirror()):
        raise SystemExit("apt on this computer knows no mirror of Debian.")
    return found[0]


def _apt(*words: str, folder: Path | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", *words]
    ran = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if ran.returncode:
        raise SystemExit(f"apt-get could not fetch Docker: {ran.stderr.strip()[-500:]}")

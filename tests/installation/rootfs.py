"""The root filesystem of the guests: Debian 13 with what a server's image has, made once, and kept in MINGA_CACHE."""

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.installation.nspawn_guest import OPERATOR

RELEASE = "trixie"
PACKAGES = ["ca-certificates", "curl", "dbus", "iproute2", "nano", "openssh-client", "openssh-server", "openssl",
            "procps", "python3", "sudo", "systemd-sysv"]  # fmt: skip
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
PROXY_PORT = 3128
THROUGH_THE_PROXY = {
    "http_proxy": f"http://127.0.0.1:{PROXY_PORT}",
    "https_proxy": f"http://127.0.0.1:{PROXY_PORT}",
    "no_proxy": "127.0.0.1,localhost,labs.example.org",
    "PIP_CERT": "/etc/host-authorities.pem",
    "NODE_EXTRA_CA_CERTS": "/etc/host-authorities.pem",
}


@contextmanager
def cache() -> Iterator[Path]:
    """MINGA_CACHE; where it cannot be written, a folder for this run."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("MINGA_CACHE") or home / "minga") / "installation"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".written").touch()
    except OSError:
        with TemporaryDirectory(prefix="minga-cache-") as other:
            yield Path(other)
        return
    yield folder


def base(folder: Path, packages: Sequence[str] = PACKAGES) -> Path:
    """The archive of the filesystem, made where it is not there yet."""
    recipe = hashlib.sha256(" ".join([RELEASE, *packages]).encode()).hexdigest()[:12]
    made = folder / f"{RELEASE}-{recipe}.tar"
    if made.exists():
        return made
    unfinished = folder / f"{made.name}.{os.getpid()}.tar"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", RELEASE]
    try:
        subprocess.run([*command, str(unfinished), *mirror()], check=True, stdin=subprocess.DEVNULL)
        unfinished.rename(made)
    finally:
        unfinished.unlink(missing_ok=True)
    return made


def mirror() -> list[str]:
    """Debian's mirror that this host uses; none, and mmdebstrap takes its own, where the host is not a Debian."""
    line = ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)"]
    told = subprocess.run(line, capture_output=True, text=True, check=False).stdout
    found = [text.removeprefix("Debian ") for text in told.splitlines() if text.startswith("Debian ")]
    return [address for address in found if "security" not in address][:1]


def unpack(archive: Path, root: Path, name: str, hosts: dict[str, str]) -> None:
    """A root of its own for one guest."""
    extract(archive, root)
    settle(root, name, hosts)


def extract(archive: Path, root: Path) -> None:
    root.mkdir()
    subprocess.run(["tar", "--extract", "--file", str(archive), "--directory", str(root)], check=True)


def settle(root: Path, name: str, hosts: dict[str, str]) -> None:
    """Write the guest's name, the names it knows, and a user who may use sudo."""
    names = {"127.0.0.1": f"localhost {name}", **hosts}
    (root / "etc/hostname").write_text(f"{name}\n")
    (root / "etc/hosts").write_text("".join(f"{address} {known}\n" for address, known in names.items()))
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").touch()  # nothing is asked for names: the proxy resolves them
    (root / "etc/sudoers.d/installs").write_text(f"{OPERATOR} ALL=(ALL) NOPASSWD: ALL\n")
    (root / "etc/dpkg/dpkg.cfg.d/no-sync").write_text("force-unsafe-io\n")  # a root that is thrown away
    subprocess.run(["useradd", "--root", str(root), "--create-home", "--shell", "/bin/bash", OPERATOR], check=True)


def lead_to_the_registries(root: Path) -> None:
    """Write into /etc what a server behind a proxy has there: for apt, pip and npm, the last two by sudo."""
    proxy = f'Acquire::http::Proxy "{THROUGH_THE_PROXY["http_proxy"]}";'
    keep = 'Binary::apt::APT::Keep-Downloaded-Packages "true";'  # for the next run, in the cache
    (root / "etc/apt/apt.conf.d/80proxy").write_text(f"{proxy}\n{keep}\n")
    if AUTHORITIES.exists():
        (root / "etc/host-authorities.pem").write_bytes(AUTHORITIES.read_bytes())
    kept = " ".join(THROUGH_THE_PROXY)
    (root / "etc/sudoers.d/proxy").write_text(f'Defaults env_keep += "{kept}"\n')

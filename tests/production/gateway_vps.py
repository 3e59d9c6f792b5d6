"""OpenSSH's own server as the VPS, in the engine's network: the containers reach it at the address of their bridge."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.production.compose_site import ROOT, USER, Site
from tests.production.docker_engine import die_with_parent

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
PORT, FIRST, LAST = 2222, 20000, 20031


class Vps:
    """Set up by deploy/vps/setup.sh, but for its user: sshd lets a user in that the computer has, so root stands in."""

    user = "root"

    def __init__(self, site: Site) -> None:
        self.site, self.folder = site, site.folder / "vps"
        self.folder.mkdir()
        self.address = site.docker(
            "network", "inspect", f"{site.name}_outside", "--format", "{{(index .IPAM.Config 0).Gateway}}"
        ).stdout.strip()
        self._make_keys()
        subprocess.run(self._setup(), check=True, capture_output=True)
        (self.folder / "sshd_config").write_text(self._config())
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(SSHD), "-D", "-e", "-f", str(self.folder / "sshd_config")]
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent)

    def stop(self) -> None:
        """Kill sshd with the sessions that it has forked: a VPS that is switched off."""
        if self.process:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            self.process.kill()
            self.process.wait()
            subprocess.run(["kill", "-9", *children], capture_output=True)
            self.process = None

    def make_known(self, host: str) -> None:
        """The line of install.md, section 6, and the agent started."""
        self.site.write("agent/host_key.pub", (self.folder / "host_key.pub").read_text())
        self.site.manage(
            "gateway",
            "vps1",
            "--public-host",
            self.address,
            "--ssh-host",
            host,
            "--ssh-port",
            str(PORT),
            "--ssh-user",
            self.user,
            "--host-key-file",
            "/etc/minga/agent/host_key.pub",
            "--first-port",
            str(FIRST),
            "--last-port",
            str(LAST),
            "--token-file",
            "/etc/minga/agent/agent_token",
        )

    def _make_keys(self) -> None:
        for key in (self.folder / "host_key", self.site.etc / "agent/agent_key"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "minga-agent", "-f", key], check=True)
        os.chown(self.site.etc / "agent/agent_key", USER, USER)

    def _setup(self) -> list[str]:
        key = (self.site.etc / "agent/agent_key.pub").read_text().strip()
        ports = ["--first-port", str(FIRST), "--last-port", str(LAST)]
        return [
            "sh",
            str(ROOT / "deploy/vps/setup.sh"),
            "--into",
            str(self.folder),
            "--user",
            self.user,
            "--key",
            key,
            *ports,
        ]

    def _config(self) -> str:
        own = {
            "Port": PORT, "HostKey": self.folder / "host_key", "PidFile": "none", "StrictModes": "no", "UsePAM": "no",
            "PermitRootLogin": "prohibit-password", "LogLevel": "ERROR",
        }  # fmt: skip
        lines = [f"{name} {value}" for name, value in own.items()]
        return "\n".join([*lines, (self.folder / f"50-{self.user}.conf").read_text()])

"""No sshd of a guest shuts out the agent, by whose address all visitors come; and none is left unable to start."""

import base64
import contextlib
import getpass
import os
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from cloud.openstack import guest_ssh, userdata
from tests.cloud.test_openstack_userdata import CONFIG, ONE, TWO, parts
from tests.ports import free_port
from tests.tunnels.agent_stage import SSHD, Program, is_listening
from tests.tunnels.targets import HERE
from tests.waiting import until

AGENTS = ["10.0.0.5/32", "2001:db8::5/128"]
PENALTY = "PerSourcePenaltyExemptList 10.0.0.5/32,2001:db8::5/128"
STUB = """#!/bin/sh
# An sshd that knows the options named here; it dislikes a file that has another one.
while [ $# -gt 0 ]; do case $1 in -o) said=$2; shift ;; -f) file=$2; shift ;; esac; shift; done
for word in $(printf '%s\\n' "$said" | cut -d ' ' -f 1) $(grep -ho '^PerSource[A-Za-z]*' "$file" "{ours}"); do
    case " {known} " in *" $word "*) ;; *) exit 255 ;; esac
done
"""


class Guest:
    """The files of a guest below a folder of ours, and the sshd that it has."""

    reloads_end_with = 0

    def __init__(self, root: Path, config: str) -> None:
        self.root = root
        (root / "bin").mkdir()
        (root / "etc/ssh").mkdir(parents=True)
        self.config, self.ours = root / "etc/ssh/sshd_config", root / "etc/ssh/sshd_config.d/00-minga.conf"
        self.config.write_text(config.replace("/etc/", f"{root}/etc/"))

    def knows(self, *options: str) -> None:
        stub = self.root / "bin/sshd"
        stub.write_text(STUB.format(known=" ".join(options), ours=self.ours))
        stub.chmod(0o755)

    def take_the_real(self, sshd: str) -> None:
        (self.root / "bin/sshd").symlink_to(sshd)

    def boot(self, script: str) -> None:
        moved = script
        for folder in ("/etc/", "/run/"):
            moved = moved.replace(folder, f"{self.root}{folder}")
        # Nothing of this computer is reloaded.
        for name in ("systemctl", "fail2ban-client"):
            (self.root / "bin" / name).write_text(f"#!/bin/sh\nexit {self.reloads_end_with}\n")
            (self.root / "bin" / name).chmod(0o755)
        path = f"{self.root}/bin:{os.environ['PATH']}"
        subprocess.run(["sh"], input=moved, text=True, check=True, env={**os.environ, "PATH": path})


INCLUDE = "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"


@pytest.fixture
def box(tmp_path: Path) -> Guest:
    return Guest(tmp_path, INCLUDE)


def test_an_sshd_that_punishes_exempts_the_agent(box: Guest) -> None:
    box.knows("PerSourcePenaltyExemptList", "PerSourceMaxStartups", "MaxStartups")
    box.boot(guest_ssh.script(AGENTS))
    assert box.ours.read_text().splitlines()[1:] == [PENALTY, "PerSourceMaxStartups none", "MaxStartups 100:30:200"]


def test_an_older_sshd_is_given_only_what_it_knows(box: Guest) -> None:
    box.knows("MaxStartups")
    box.boot(guest_ssh.script(AGENTS))
    assert box.ours.read_text().splitlines()[1:] == ["MaxStartups 100:30:200"]


def test_without_an_include_it_goes_before_all_else_once(tmp_path: Path) -> None:
    box = Guest(tmp_path, "UsePAM yes\n")
    box.knows("PerSourcePenaltyExemptList")
    for _boot in range(2):
        box.boot(guest_ssh.script(AGENTS))
    assert box.config.read_text() == f"# Minga: begin\n{PENALTY}\n# Minga: end\nUsePAM yes\n"


def test_fail2ban_ignores_the_agent_also_when_it_is_installed_later(box: Guest) -> None:
    box.boot(guest_ssh.script(AGENTS))
    said = (box.root / "etc/fail2ban/jail.d/minga.local").read_text()
    assert said == "[DEFAULT]\nignoreip = 127.0.0.1/8 ::1 10.0.0.5/32 2001:db8::5/128\n"


def test_what_a_guest_lacks_is_no_failure_of_its_first_boot(box: Guest) -> None:
    """cloud-init reports a script that ends with anything but 0, and the owner would read that the setup failed."""
    box.reloads_end_with = 127
    box.boot(guest_ssh.script(AGENTS))
    assert (box.root / "etc/fail2ban/jail.d/minga.local").exists()


def test_a_guest_without_sshd_is_left_alone(tmp_path: Path) -> None:
    box = Guest(tmp_path, INCLUDE)
    box.config.unlink()
    box.boot(guest_ssh.script(AGENTS))
    assert not box.ours.exists()


@pytest.mark.skipif(not SSHD, reason="no sshd on this machine")
def test_a_real_sshd_still_starts_and_takes_what_it_knows(box: Guest) -> None:
    box.take_the_real(str(SSHD))
    key = box.root / "etc/ssh/host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    box.config.write_text(f"HostKey {key}\n" + box.config.read_text())
    box.boot(guest_ssh.script(AGENTS))
    said = subprocess.run([str(SSHD), "-T", "-f", box.config], capture_output=True, text=True, check=True).stdout
    assert "maxstartups 100:30:200\n" in said
    if "persourcepenalties" in said.lower():
        assert "persourcepenaltyexemptlist 10.0.0.5/32,2001:db8::5/128" in said.lower()


def punishes() -> bool:
    said = (
        SSHD and subprocess.run([SSHD, "-t", "-f", "/dev/null", "-o", PENALTY], capture_output=True, text=True).stderr
    )
    return bool(SSHD) and "Bad configuration option" not in str(said)


@contextlib.asynccontextmanager
async def _owner(
    box: Guest, port: int, key: asyncssh.SSHKey
) -> AsyncIterator[Callable[[asyncssh.SSHKey], Awaitable[bool]]]:
    """Start the guest's sshd. Yields whether a key gets in."""
    (box.root / "owners").write_bytes(key.export_public_key())
    program = Program([str(SSHD), "-D", "-e", "-f", str(box.config)], box.root / "log")

    async def gets_in(with_key: asyncssh.SSHKey) -> bool:
        try:
            async with asyncssh.connect(
                HERE,
                port,
                username=getpass.getuser(),
                client_keys=[with_key],
                known_hosts=None,
                config=None,
                agent_path=None,
            ):
                return True
        except (asyncssh.Error, OSError):
            return False

    try:
        until(lambda: is_listening(port))
        yield gets_in
    finally:
        program.kill()


@pytest.mark.skipif(
    not punishes(), reason="no sshd on this computer that punishes addresses (OpenSSH 9.8); see python -m tests.guests"
)
@pytest.mark.parametrize("agents", [[], [f"{HERE}/32"]], ids=["without", "with"])
async def test_refused_strangers_lock_the_owner_out_only_without_it(box: Guest, agents: list[str]) -> None:
    port, owner = free_port(), asyncssh.generate_private_key("ssh-ed25519")
    (box.root / "host_key").touch(mode=0o600)
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(box.root / "host_key"))
    own = {"Port": port, "ListenAddress": HERE, "HostKey": box.root / "host_key", "PidFile": "none", "StrictModes": "no",
           "UsePAM": "no", "AuthorizedKeysFile": box.root / "owners"}  # fmt: skip
    box.config.write_text(
        "".join(f"{name} {value}\n" for name, value in own.items()) + box.config.read_text().split("\n")[0]
    )
    box.take_the_real(str(SSHD))
    box.boot(guest_ssh.script(agents))
    async with _owner(box, port, owner) as gets_in:
        assert await gets_in(owner)
        for _stranger in range(6):
            assert not await gets_in(asyncssh.generate_private_key("ssh-ed25519"))
        assert await gets_in(owner) is bool(agents)


@pytest.mark.parametrize("agents", [[], [""], ["0.0.0.0/0"], ["::/0"], ["10.0.0.0/8"], ["x'; reboot; '"]])
def test_an_address_that_is_none_or_everybodys_is_exempted_nowhere(agents: list[str]) -> None:
    assert guest_ssh.script(agents) == ""


def decoded(text: str, *keys: str) -> str:
    return base64.b64decode(userdata.user_data(text, keys, agents=AGENTS) or "").decode()


@pytest.mark.parametrize("keys", [(ONE,), (ONE, TWO), ()])
@pytest.mark.parametrize("text", ["", CONFIG, "#!/bin/sh\nexit 0\n"])
def test_it_goes_along_with_every_kind_of_text(text: str, keys: tuple[str, ...]) -> None:
    said = decoded(text, *keys)
    last = parts(said)[-1] if text == CONFIG else said
    assert last.startswith("#!/bin/sh\n")
    assert "PerSourcePenaltyExemptList" in last
    if text == CONFIG:
        assert parts(said)[0] == CONFIG

"""No sshd of a guest shuts out the agent, by whose address all visitors come; and none is left unable to start."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from cloud.openstack import guest, guest_ssh
from tests.cloud.test_openstack_guest import CONFIG, ONE, TWO, parts
from tests.tunnels.stage import SSHD

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

    def boot(self, script: str, tools: tuple[str, ...] = ("systemctl", "fail2ban-client")) -> None:
        moved = script
        for folder in ("/etc/", "/run/"):
            moved = moved.replace(folder, f"{self.root}{folder}")
        # Nothing of this computer is reloaded.
        for name in tools:
            (self.root / "bin" / name).write_text("#!/bin/sh\n")
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


def test_without_fail2ban_no_boot_is_called_a_failure(box: Guest) -> None:
    """cloud-init goes by the script's exit status, and boot() by it, too."""
    box.boot(guest_ssh.script(AGENTS), tools=("systemctl",))
    assert (box.root / "etc/fail2ban/jail.d/minga.local").exists()


def test_a_guest_without_sshd_is_left_alone(tmp_path: Path) -> None:
    box = Guest(tmp_path, INCLUDE)
    box.config.unlink()
    box.boot(guest_ssh.script(AGENTS))
    assert not box.ours.exists()


@pytest.mark.skipif(not SSHD, reason="no sshd on this machine")
def test_a_real_sshd_still_starts_and_takes_what_it_knows(box: Guest) -> None:
    shutil.copy(str(SSHD), box.root / "bin/sshd")
    key = box.root / "etc/ssh/host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    box.config.write_text(f"HostKey {key}\n" + box.config.read_text())
    box.boot(guest_ssh.script(AGENTS))
    said = subprocess.run([str(SSHD), "-T", "-f", box.config], capture_output=True, text=True, check=True).stdout
    assert "maxstartups 100:30:200\n" in said
    if "persourcepenalties" in said.lower():
        assert "persourcepenaltyexemptlist 10.0.0.5/32,2001:db8::5/128" in said.lower()


@pytest.mark.parametrize("agents", [[], [""], ["0.0.0.0/0"], ["::/0"], ["10.0.0.0/8"], ["x'; reboot; '"]])
def test_an_address_that_is_none_or_everybodys_is_exempted_nowhere(agents: list[str]) -> None:
    assert guest_ssh.script(agents) == ""


def decoded(text: str, *keys: str) -> str:
    return base64.b64decode(guest.user_data(text, keys, agents=AGENTS) or "").decode()


@pytest.mark.parametrize("keys", [(ONE,), (ONE, TWO), ()])
@pytest.mark.parametrize("text", ["", CONFIG, "#!/bin/sh\nexit 0\n"])
def test_it_goes_along_with_every_kind_of_text(text: str, keys: tuple[str, ...]) -> None:
    said = decoded(text, *keys)
    last = parts(said)[-1] if text == CONFIG else said
    assert last.startswith("#!/bin/sh\n")
    assert "PerSourcePenaltyExemptList" in last
    if text == CONFIG:
        assert parts(said)[0] == CONFIG

"""Follows the page step by step. Each section begins as a person begins who has just signed in: in their own folder."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.installation.answers import CERTIFICATE, EDITED, OPENSTACK_COMPUTER, VPS, Answers, set_in, stand_in
from tests.installation.nspawn_guest import OPERATOR, Guest, Ran
from tests.installation.page import Step

HOME = f"/home/{OPERATOR}"
MANAGE = "sudo /opt/minga/deploy/systemd/manage"  # the page says so in its third paragraph
OF_THE_CLOUD = re.compile(r"openstack |manage (check|setup)_cloud")
# What a command leaves to people, here where the cloud is as it is; it then ends with 1.
NO_CLOUD_TO_COMPARE_WITH = "The database is restored"
LEFT_TO_YOU = "does not say who signs in"  # the test cloud's image; the administrator writes it into the catalog
PLACES = ("", OPENSTACK_COMPUTER, VPS)
OK_COMMENT = re.compile(r"^curl .*/healthz$")


class Failed(Exception):
    """A line of the page, or a claim, that did not hold."""


@dataclass
class Walk:
    server: Guest
    vps: Guest
    answers: Answers
    openstack: Callable[[str, str], Ran] | None  # runs a line of the openstack client; None: there is no cloud
    agent_address: str
    before: dict[str, Callable[[], None]] = field(default_factory=dict)  # a step's first words -> what people do before
    folder: str = HOME
    stood_in: list[tuple[int, str, str, str]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def follow(self, steps: list[Step]) -> None:
        section = ""
        for step in steps:
            if step.section != section:
                section, self.folder = step.section, HOME
            self.take(step)

    def take(self, step: Step) -> None:
        for words, act in self.before.items():
            if step.text.startswith(words):
                act()
        began = time.monotonic()
        instead = stand_in(step)
        if instead:
            self.stood_in.append((step.line, step.file or step.text, instead.instead, instead.reason))
        if instead in (None, EDITED, CERTIFICATE):
            self._do(step)
            spent = time.monotonic() - began
            print(f"  {step.line:>4}  {spent:6.1f} s  {(step.file or step.text).splitlines()[0][:100]}", flush=True)

    def _do(self, step: Step) -> None:
        if step.file:
            return self._write(step)
        if EDITED.fits(step):
            return self._edit(step.text.split()[-1])
        if OF_THE_CLOUD.match(step.text) and self.openstack is None:
            self.stood_in.append((step.line, step.text, "nothing", "there is no test cloud here"))
            return
        ran = self._run(step)
        if self._leaves_something(step, ran):
            self.stood_in.append((step.line, step.text, "run, and allowed to end with 1", _flat(ran.output)[-120:]))
            return
        if ran.code or (OK_COMMENT.match(step.text) and ran.output.strip() != "ok"):
            raise Failed(f"install.md:{step.line}: {step.text}\nended with {ran.code} and said:\n{ran.output[-3000:]}")
        self._copy_out(step, ran.output)

    def _leaves_something(self, step: Step, ran: Ran) -> bool:
        """Say whether a command has done its own part, and says what is left."""
        if step.text.startswith("manage restore"):
            return ran.code == 1 and self.openstack is None and NO_CLOUD_TO_COMPARE_WITH in ran.output
        left = re.findall(r"^[–✗].*", ran.output, re.M)
        return (
            step.text.startswith("manage setup_cloud")
            and ran.code == 1
            and len(left) == 1
            and LEFT_TO_YOU in _flat(ran.output)
        )

    def _run(self, step: Step) -> Ran:
        text = self.answers.fill(step.text)
        if step.place == OPENSTACK_COMPUTER:
            assert self.openstack
            return self.openstack(text, self.answers.words["THE-PASSWORD"])
        if step.place == VPS:
            return self.vps.run(text, user="root", folder="/root")
        text = re.sub(r"^manage\b", MANAGE, text)
        if typed := self.answers.to(text):
            return self.server.talk(text, typed, folder=self.folder)
        ran = self.server.run(f"{text}\nended=$?; pwd > /var/tmp/folder; exit $ended", folder=self.folder)
        self.folder = (
            (self.server.root / "var/tmp/folder").read_text().strip() if step.text.startswith("cd ") else self.folder
        )
        return ran

    def _write(self, step: Step) -> None:
        text = self.answers.fill(step.text)
        if CERTIFICATE.fits(step):  # the page's file begins with a block for the whole of Caddy
            assert text.startswith("{\n"), text
            text = text.replace("{\n", "{\n    local_certs\n    skip_install_trust\n", 1)
        place = step.file if step.file.startswith("/") else f"{self.folder}/{step.file}"
        self._inside(place).write_text(text)

    def _edit(self, place: str) -> None:
        file = self._inside(place)
        file.write_text(set_in(file.read_text(), self.answers.settings(self.agent_address)))

    def _inside(self, place: str) -> Path:
        return self.server.root / place.lstrip("/")

    def _copy_out(self, step: Step, said: str) -> None:
        """Keep what a person copies from the screen into a later line."""
        lines = said.strip().splitlines()
        if "agent_key.pub" in step.text and "cat" in step.text:
            self.answers.words["THE LINE OF agent_key.pub"] = lines[-1]
        if step.place == VPS:
            self.answers.words["ssh-ed25519 AAAA…"] = lines[-1]
        if step.text.endswith("/upgrade"):
            found = re.search(r"^(/var/backups/minga/\S+\.tar):", said, re.M)
            self.answers.words["/var/backups/minga/FILE"] = found[1] if found else ""


def _flat(said: str) -> str:
    """A table's cell in one line."""
    return " ".join(said.split())

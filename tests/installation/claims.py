"""Claims that hold before and after a line of the page, and the steps that it has people do in its prose."""

import json
import time
from collections.abc import Callable

from tests.installation import cloud, page
from tests.installation.answers import SITE, set_in
from tests.installation.computers import VPS_ADDRESS, World
from tests.installation.page_visitor import Visitor
from tests.installation.walk import MANAGE

SERVICES = ("minga-web", "minga-live", "minga-disks", "minga-worker", "minga-beat")
KEYS_PAGE = page.PAGE.with_name("machine-keys.md")
KEYS = "/etc/minga/keys/machine_keys"
AUTHORITY = "var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"


class Claims:
    def __init__(self, world: World) -> None:
        self.world = world
        self.after_section: dict[str, Callable[[], None]] = {
            "2b": self.services_are_active,
            "3": self.is_ready,
            "4": self.nginx_reads_its_block,
            "5": self.people_sign_in,
            "6": self.the_gateway_is_linked_and_machines_get_keys,
            "7": self.the_first_machine_runs,
            "Upgrade": self.the_version_before_runs,
            "Every night": self.a_backup_is_made,
        }
        self.before_line: dict[str, Callable[[], None]] = {
            "curl -s https://labs.example.org/healthz": self.trust_the_stand_in_for_an_authority,
            "manage changepassword luis": self.the_administrator_offers,
            "sudo git clone YOUR-COPY-OF-MINGA /opt/minga-NEW": self.a_new_version_fails_to_migrate,
            "sudo /opt/minga-NEW/deploy/systemd/upgrade": self.a_failed_migration_leaves_the_old_version,
            "sudo systemctl stop minga.target 'minga-*.service'": self.the_new_version_runs,
        }

    def services_are_active(self) -> None:
        for service in (*SERVICES, "minga.target", "minga-backup.timer"):
            assert self.world.ask(f"systemctl is-active {service} || true") == "active", service
        self.world.until(
            lambda: self.world.server.run("curl -sf http://127.0.0.1:8000/healthz").code == 0, "web answers"
        )
        self.web_does_not_have_the_cloud()
        if self.world.server.run(f"sudo test -e {KEYS}").code == 0:
            self.live_has_the_keys_of_machines()

    def web_does_not_have_the_cloud(self) -> None:
        """Check that web can read the cloud's password neither from the file nor from another process."""
        web, live, disks, worker, _beat = self._pids()
        held = {pid: self.world.ask(f"tr '\\0' '\\n' < /proc/{pid}/environ") for pid in (web, live, disks)}
        assert "OS_CLOUD" not in held[web] + held[live]
        assert "SECRET_KEY" not in held[disks]
        for user, file in (
            ("minga-web", "/etc/minga/cloud/clouds.yaml"),
            ("minga-web", f"/proc/{worker}/environ"),
            ("minga-disks", f"/proc/{web}/environ"),
        ):
            assert not self._reads(user, file), f"{user} reads {file}"
        assert self.world.server.run("sudo -u minga-agent test -e /run/minga-disks/socket").code

    def live_has_the_keys_of_machines(self) -> None:
        """Check that live reads this one file of its folder, and that web reads it neither there nor from live."""
        live = self._pids()[SERVICES.index("minga-live")]
        assert self.world.ask(f"ps -o user:20= -p {live}") == "minga-live"
        for user, file, can in (
            ("minga-live", KEYS, True),
            ("minga", KEYS, True),
            ("minga-web", KEYS, False),
            ("minga-disks", KEYS, False),
            ("minga-web", f"/proc/{live}/environ", False),
            ("minga-live", "/etc/minga/cloud/clouds.yaml", False),
        ):
            assert self._reads(user, file) == can, f"{user} {'does not read' if can else 'reads'} {file}"
        assert self.world.server.run("sudo -u minga-live ls /etc/minga/keys").code

    def _reads(self, user: str, file: str) -> bool:
        return self.world.server.run(f"sudo -u {user} cat {file}").code == 0

    def is_ready(self) -> None:
        """Database and Redis answer, and the cloud where there is one. The agent comes later."""
        parts = ["database", "redis", "disks", "live", *(["cloud"] if self.world.has_cloud else [])]
        wanted = dict.fromkeys(parts, "ok")
        self.world.until(lambda: wanted.items() <= self._states().items(), f"/readyz has {wanted}")
        print(f"        /readyz: {self._states()}")

    def _states(self) -> dict[str, str]:
        told = json.loads(self.world.ask("curl -s http://127.0.0.1:8000/readyz"))
        return {name: part["state"] for name, part in told["parts"].items()}

    def trust_the_stand_in_for_an_authority(self) -> None:
        """Caddy signs by itself here: the guest trusts it, as every browser trusts the real one."""
        own = "/usr/local/share/ca-certificates/caddy.crt"
        self.world.until((self.world.server.root / AUTHORITY).exists, "Caddy has made its authority")
        self.world.ask(f"install -D -m 644 /{AUTHORITY} {own} && update-ca-certificates")
        self.world.until(
            lambda: self.world.server.run(f"curl -sf https://{SITE}/healthz").code == 0, "Caddy answers over TLS"
        )

    def nginx_reads_its_block(self) -> None:
        """The walk takes Caddy; of the other proxy of the page it is only seen that it takes the lines."""
        block = next(step.text for step in page.steps(page.PAGE.read_text()) if step.file == "ssl_certificate")
        settings = f"pid /var/tmp/nginx.pid; events {{}} http {{ server {{ listen 127.0.0.1:1443;\n{block}}} }}\n"
        (self.world.server.root / "var/tmp/nginx.conf").write_text(settings)
        unpack = "cd /var/tmp && apt-get -qq download nginx && dpkg-deb -x nginx_*.deb nginx && mkdir -p /var/{lib,log}/nginx"
        self.world.ask(f"{unpack} && nginx/usr/sbin/nginx -t -e stderr -c /var/tmp/nginx.conf")

    def sign_in(self, name: str) -> Visitor:
        visitor = Visitor(self.world.https, self.world.server.root / AUTHORITY)
        return visitor.sign_in(name, self.world.answers.password)

    def the_administrator_offers(self) -> None:
        """Section 5 in prose: sign in, offer an image and a size, make a template."""
        ana = self.sign_in("ana")
        if self.world.has_cloud:
            ana.offer("images", cloud.IMAGE, login=cloud.LOGIN)
            ana.offer("flavors", cloud.SIZE)
            ana.make_a_template("First steps")

    def people_sign_in(self) -> None:
        for name in ("luis", "rosa"):
            self.sign_in(name)
        self.events_come_through_the_proxy()

    def events_come_through_the_proxy(self) -> None:
        """Caddy holds none back: the first is read while the stream goes on. The last says that live restarts."""
        lines = self.sign_in("luis").events()
        assert next(lines) == "event: state"
        self.world.ask("systemctl restart minga-live")
        assert [line for line in lines if line.startswith("data: restart ")]
        self.world.until(lambda: self._states()["live"] == "ok", "/readyz has live as ok")

    def the_gateway_is_linked(self) -> None:
        """The VPS lets the agent in, the portal hears it."""
        self.world.until(lambda: self._states()["agents"] == "ok", "/readyz has the agent as ok")
        peer = f"ss -Htn state established dst {VPS_ADDRESS}:22"
        self.world.until(lambda: self.world.ask(peer), "the agent is connected to the VPS's sshd")

    def the_gateway_is_linked_and_machines_get_keys(self) -> None:
        """Then follow the page that section 7 begins with."""
        self.the_gateway_is_linked()
        for step in page.steps(KEYS_PAGE.read_text()):
            if step.section == "Set it up":
                ran = self.world.server.run(step.text)
                assert ran.code == 0, f"{step.text}: {ran.output}"
        settings = self.world.server.root / "etc/minga/minga.env"
        settings.write_text(set_in(settings.read_text(), {"MACHINE_KEYS_FILE": KEYS}))
        self.world.ask("systemctl restart minga-worker minga-live")
        self.services_are_active()
        self.is_ready()

    def the_first_machine_runs(self) -> None:
        if not self.world.has_cloud:
            return
        luis = self.sign_in("luis")
        self.world.machine = luis.launch("condor")
        luis.wait_for(self.world.machine, "running")
        self.world.until(self._ssh_answers, "the VPS's port leads to the machine's sshd", 90)
        self.a_terminal_opens(luis)

    def a_terminal_opens(self, visitor: Visitor) -> None:
        """Check a prompt, a command and what it prints, through Caddy, live and the agent."""
        with visitor.terminal(self.world.machine) as terminal:
            terminal.type("echo $((6*7))-is-it; hostname\r")
            terminal.shows("42-is-it")
            terminal.shows("condor")

    def _ssh_answers(self) -> bool:
        """Return whether the machine's sshd answers through its public port."""
        luis = self.sign_in("luis")
        ways = [way for way in luis.machine(self.world.machine)["access"] if way["state"] == "open"]
        look = "exec 3<>/dev/tcp/{host}/{port} && timeout 10 head -c 4 <&3"
        return any(self.world.server.run(look.format(**way)).output.startswith("SSH-") for way in ways)

    def a_new_version_fails_to_migrate(self) -> None:
        self.world.copy.commit("A migration that fails", "raise RuntimeError('planted')")

    def a_failed_migration_leaves_the_old_version(self) -> None:
        """Let an upgrade fail and check that the old version runs on. Then mend the fault, for the page's line to be run once more."""
        pids, folder = self._pids(), self.world.ask("readlink -f /opt/minga")
        ran = self.world.server.run("sudo /opt/minga-new/deploy/systemd/upgrade")
        assert ran.code, "an upgrade with a failing migration says that it went well"
        assert [word for word in ("planted", "runs on") if word not in ran.output] == [], ran.output
        assert (self._pids(), self.world.ask("readlink -f /opt/minga")) == (pids, folder)
        self.is_ready()
        self.world.copy.commit("The migration mended", "pass")
        self.world.ask("git -C /opt/minga-new pull --quiet")
        self.as_before_live_had_the_keys()

    def as_before_live_had_the_keys(self) -> None:
        """Make of it what 0.3 had: live runs as web's user, and the keys of machines are the worker's alone. The upgrade has to change both."""
        for line in (
            "sed -i -E 's/^(User|Group)=minga-live/\\1=minga-web/' /etc/systemd/system/minga-live.service",
            "systemctl daemon-reload",
            "systemctl restart minga-live",
            f"chown -R minga:minga {KEYS.rpartition('/')[0]}",
            f"chmod 700 {KEYS.rpartition('/')[0]}",
            f"chmod 600 {KEYS}",
            "userdel minga-live",
        ):
            self.world.ask(line)

    def _pids(self) -> list[str]:
        return self.world.ask(f"systemctl show --value --property MainPID {' '.join(SERVICES)}").split()

    def the_new_version_runs(self) -> None:
        assert self.world.ask("readlink /opt/minga") == "/opt/minga-new"
        folders = {self.world.ask(f"readlink /proc/{pid}/cwd") for pid in self._pids()}
        assert folders == {"/opt/minga-new"}, folders
        assert "9999" in self.world.ask(f"{MANAGE} showmigrations catalog | grep '\\[X\\] 9999'")
        self.an_upgrade_goes_on_where_it_was_stopped()
        self._all_is_well()

    def an_upgrade_goes_on_where_it_was_stopped(self) -> None:
        """Check an upgrade that is stopped: while it replaces the services, /opt/minga.before stands; without that, there is nothing left to do."""
        upgrade, pids = "/opt/minga-new/deploy/systemd/upgrade", self._pids()
        assert "this version runs already" in self.world.server.run(upgrade, user="root").output
        assert self._pids() == pids
        self.world.ask("ln -s /opt/minga-first /opt/minga.before")
        assert "The version before is in /opt/minga-first" in self.world.ask(upgrade)
        assert set(self._pids()) & set(pids) == set()
        assert self.world.server.run("test -L /opt/minga.before").code

    def the_version_before_runs(self) -> None:
        """The way back was taken, with the backup: the version before, and the people of then."""
        assert self.world.ask("readlink /opt/minga") == "/opt/minga-first"
        self._all_is_well()

    def _all_is_well(self) -> None:
        self.services_are_active()
        self.is_ready()
        self.the_gateway_is_linked()
        luis = self.sign_in("luis")
        if self.world.machine:
            luis.wait_for(self.world.machine, "running")
            self.world.until(self._ssh_answers, "the machine's port is open", 90)
            self.a_terminal_opens(luis)

    def a_backup_is_made(self) -> None:
        """The service that the timer starts at night works today, under its own sandbox."""
        before = self.world.ask("ls /var/backups/minga").split()
        self.world.ask("systemctl start minga-backup.service")
        assert len(self.world.ask("ls /var/backups/minga").split()) == len(before) + 1
        assert "minga-backup.timer" in self.world.ask("systemctl list-timers --no-pager")

    def comes_back_after_a_reboot(self) -> None:
        began = time.monotonic()
        self.world.server.halt()
        self.world.server.boot()
        self._all_is_well()
        assert self.world.ask("systemctl --failed --quiet --no-legend") == ""
        self.world.seconds["a reboot of the server"] = time.monotonic() - began

    def the_machine_is_deleted(self) -> None:
        """Let the owner delete the machine, so that the cloud, which others use, keeps nothing of this run."""
        if not self.world.machine:
            return
        luis = self.sign_in("luis")
        luis.send(f"/machines/{self.world.machine}/delete/", "csrfmiddlewaretoken")
        luis.wait_for(self.world.machine, "gone")
        self.world.machine = ""

"""The words that a person fills in while they follow the page, and what the test does in place of a line, with the reason."""

import re
import secrets
from dataclasses import dataclass, field

from tests.installation.page import COMPOSE, Step

OPENSTACK_COMPUTER = "on any computer with the openstack client"
VPS = "on the VPS, as root"
# The page's own examples: the guests' /etc/hosts knows them.
SITE, PORTS_SITE = "labs.example.org", "labs-ports.example.org"
SERVER_ADDRESS = "192.0.2.1"  # as the VPS sees it
# A word of the page that stands for something else: THE-PASSWORD, AAAA…, minga-NEW.
UNFILLED = re.compile(r"\b[A-Z]+(?:[- ][A-Z]+)*-[A-Z]+\b|\bTHE LINE\b|AAAA…|minga[-/][A-Z]+\b|cloud\.example\.org")

# At the end of what was said: what is typed before a question is thrown away.
ASKS_PASSWORD = r"(?i)password[^\n']*:\s*$"


@dataclass(frozen=True, slots=True)
class StandIn:
    """Lines of the page that are not run as they stand."""

    pattern: str
    instead: str
    reason: str
    way: str = ""

    def fits(self, step: Step) -> bool:
        return (not self.way or self.way == step.way) and bool(re.match(self.pattern, step.file or step.text))


SKIPPED = [
    StandIn(r".*", "nothing", "the other way of the two: `python -m tests.production` is for that one", way=COMPOSE),
    StandIn(r"ssl_certificate$", "only read, by nginx -t", "the other proxy of the two: the walk takes Caddy"),
]
EDITED = StandIn(r"sudo nano ", "the settings below are written into the file", "an editor waits for a person")
CERTIFICATE = StandIn(
    r"/etc/caddy/Caddyfile$",
    "the same file, with `local_certs` in its first block",
    "the name leads nowhere: no authority would sign for it",
)
STAND_INS = [*SKIPPED, EDITED, CERTIFICATE]

# Nothing of these is a line of the page; it is the world around the server.
SURROUNDINGS = {
    "Ubuntu 24.04": "Debian 13, booted by systemd-nspawn",
    "the VPS as a second computer": "a second guest with Debian's own sshd, in a second network namespace",
    "the names of the site and of its ports": "the guests' /etc/hosts",
    "the way to the package registries": "a proxy on the guest's loopback, and this host's certificate authorities",
    "the university's cloud": "the test cloud of ../shared/openstack, its APIs forwarded to the guest's loopback",
}


@dataclass
class Answers:
    """The secrets of one run; grows by what commands print that a person would copy."""

    words: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.words |= {
            "YOUR-COPY-OF-MINGA": "/srv/minga.git",
            "https://cloud.example.org:5000/v3": "http://127.0.0.1:5000/v3",
            "THE-PASSWORD": secrets.token_hex(16),
            "DATABASE-PASSWORD": secrets.token_hex(32),
            "REDIS-PASSWORD": secrets.token_hex(32),
            "THE-SERVERS-ADDRESS": SERVER_ADDRESS,
            "minga-NEW": "minga-new",
            "minga-OLD": "minga-first",  # where `upgrade` puts a first version
            # Read from what other commands print:
            "THE LINE OF agent_key.pub": "",
            "ssh-ed25519 AAAA…": "",
            "/var/backups/minga/FILE": "",
        }

    def fill(self, text: str) -> str:
        for word, value in self.words.items():
            text = text.replace(word, value)
        return text

    def settings(self, agent_address: str) -> dict[str, str]:
        """The settings that the page has a person make in minga.env, and three numbers that keep the test short."""
        database, redis = self.words["DATABASE-PASSWORD"], self.words["REDIS-PASSWORD"]
        return {
            "SECRET_KEY": secrets.token_hex(32),
            "ALLOWED_HOSTS": SITE,
            "CSRF_TRUSTED_ORIGINS": f"https://{SITE}",
            "HTTPS": "on",
            "DATABASE_URL": f"postgres://minga:{database}@127.0.0.1:5432/minga",
            "REDIS_URL": f"redis://:{redis}@127.0.0.1:6379/0",
            "OS_CLOUD": "minga",
            "OS_CLIENT_CONFIG_FILE": "/etc/minga/cloud/clouds.yaml",
            "AGENT_ADDRESSES": f"{agent_address}/32",
            "WORKERS": "2",
            "SWEEP_QUIET_SECONDS": "3",
            "EMPTY_PROJECT_SECONDS": "1",
        }

    @property
    def password(self) -> str:
        """Everybody's, in this run."""
        return self.words["THE-PASSWORD"]

    def to(self, command: str) -> list[tuple[str, str]]:
        """The answers that are typed where a command asks: (a pattern of the question, the answer)."""
        twice = [(ASKS_PASSWORD, self.password)] * 2
        if " createuser " in command:
            database = self.words["DATABASE-PASSWORD"]
            return [(ASKS_PASSWORD, database), (r"(?i)again:\s*$", database)]
        if command.endswith(" createsuperuser"):
            return [(r"Username.*: $", "ana"), (r"Email.*: $", "ana@example.org"), *twice]
        return twice if " changepassword " in command else []


def set_in(text: str, settings: dict[str, str]) -> str:
    """The file as an editor leaves it. Every setting must be in it already, as a value or as a comment."""
    for name, value in settings.items():
        text, count = re.subn(rf"^#?{name}=.*$", f"{name}={value}", text, count=1, flags=re.M)
        if not count:
            raise LookupError(f"{name} is not in .env.example")
    return text


def stand_in(step: Step) -> StandIn | None:
    return next((one for one in STAND_INS if one.fits(step)), None)

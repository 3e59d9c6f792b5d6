"""The services of Minga on one computer: what each runs, which others it waits for, and how it shows that it is ready."""

import http.client
import os
import re
import shutil
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deploy.local import free_ports, stamps
from deploy.local.child import Program
from deploy.local.free_ports import listens
from deploy.local.installation import ROOT, Installation
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis

# The values of a flag that lib.environment reads as off. What runs before the portal may not import lib.
OFF = ("off", "false", "no", "n", "0")

WEB_SECONDS = 5.0  # for an answer of web: its first page compiles templates
GUEST_SECONDS = 30  # the local cloud puts its guests to sleep before it ends
STARTER = "debian-12"  # the image of the first template
WORKERS = "4"  # a task mostly waits for the cloud; each costs about 60 MB
CLOUD_OPTIONS = {
    "GUESTS": "--guests",
    "LOCAL_CLOUD_BUILD_SECONDS": "--build-seconds",
    "LOCAL_CLOUD_VCPUS": "--vcpus",
    "LOCAL_CLOUD_RAM_MB": "--ram-mb",
    "LOCAL_CLOUD_DISK_GB": "--disk-gb",
}
# Without Django's checks: `make check` and the tests run them, and each start would wait for them. For Celery they also load all
# pages and the API, which worker and beat never serve: 16 MB.
UNCHECKED = {"CELERY_SKIP_CHECKS": "1"}


@dataclass
class Service:
    """A process of Minga. `wave`: services of a higher wave end first. `once`: a job that ends by itself. `stamp`: skip the job while this is fresh.

    A service without `is_ready` counts as ready when it has lived for a second. `extra`: a job for which nothing waits, and which may fail.
    """

    program: Program
    wave: int = 2
    after: tuple[str, ...] = ()
    is_ready: Callable[[], bool] | None = None
    once: bool = False
    extra: bool = False
    stamp: tuple[Path, str] | None = None
    ports: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.program.name


def servers(installation: Installation) -> tuple[Postgres, Redis]:
    postgres = Postgres(
        installation.data / "postgres", installation.ports["postgres"], installation.secrets["database"]
    )
    return postgres, Redis(installation.data / "redis", installation.ports["redis"], installation.secrets["redis"])


def site_settings(installation: Installation) -> dict[str, str]:
    """Return the settings for commands on this installation, with those of .env.example that the person's environment sets."""
    postgres, redis = servers(installation)
    known = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    given = {name: os.environ[name] for name in known if name in os.environ}
    # A command ends soon, and a pool would wait half a minute for a database that is down.
    return {"DB_POOL": "off", **given, **_environment(installation, postgres.url, redis.url)}


def all_services(installation: Installation) -> list[Service]:
    """List the services in the order of their start."""
    postgres, redis = servers(installation)
    site = _environment(installation, postgres.url, redis.url)
    cloud = [] if has_cluster() else [_cloud(installation)]
    mail = [] if has_mail_server() else [_mail(installation)]
    regular = [
        _postgres(postgres), _redis(redis), _assets(site), *cloud, _vps(installation), *mail, _prepare(installation, site),
        _disks(installation, site), _web(installation, site), _live(installation, site), _worker(installation, site),
        _beat(installation, site), _agent(installation),
    ]  # fmt: skip
    extra = [_starter(installation, tuple(service.name for service in regular))] if builds_starter() else []
    return [*regular, *extra]


def has_cluster() -> bool:
    """Return whether the machines are on an OpenStack: then there is no local cloud to start."""
    return bool(os.environ.get("OS_CLOUD") or os.environ.get("OS_AUTH_URL"))


def builds_starter() -> bool:
    """Return whether the Debian guest is built here: for QEMU guests, unless somebody does not want it."""
    is_on = os.environ.get("STARTER_IMAGE", "on").strip().lower() not in OFF
    wanted = is_on and os.environ.get("GUESTS") != "simulated"
    return wanted and not has_cluster() and bool(shutil.which("qemu-system-x86_64"))


def has_mail_server() -> bool:
    """Return whether mails go to a server elsewhere; otherwise they are kept here and shown on a page."""
    return bool(os.environ.get("EMAIL_URL"))


def _environment(installation: Installation, database: str, redis: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "SECRET_KEY": installation.secrets["secret_key"],
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "CLOUD": "openstack" if has_cluster() else "local",
        "DISKS_SOCKET": str(_disks_socket(installation)),
        "LOCAL_CLOUD_URL": f"http://127.0.0.1:{installation.ports['cloud']}",
        "LOCAL_CLOUD_TOKEN": installation.secrets["cloud_token"],
        "LIVE_CLOUD_TOKEN": installation.secrets["console_token"],
        "FILES_DIR": str(installation.files),
        "STATIC_MANIFEST": "on",
        # The local cloud answers within 10 s or not at all, so a dead worker's machine is taken over sooner than on a cluster.
        "CLAIM_SECONDS": os.environ.get("CLAIM_SECONDS", "60" if has_cluster() else "15"),
        "DEBUG": os.environ.get("DEBUG", "off"),
        "ALLOWED_HOSTS": os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]"),
        "PORTAL_URL": os.environ.get("PORTAL_URL") or installation.url,
        "LIVE_URL": os.environ.get("LIVE_URL") or f"http://localhost:{installation.ports['live']}",
        "LIVE_INSIDE": _live_url(installation),
        "EMAIL_URL": os.environ.get("EMAIL_URL") or f"smtp://127.0.0.1:{installation.ports['mail']}",
        "PORTAL_KEY_FILE": os.environ.get("PORTAL_KEY_FILE") or str(installation.secret_file("portal_key")),
        "MACHINE_KEYS_FILE": os.environ.get("MACHINE_KEYS_FILE") or str(installation.secret_file("machine_keys")),
        "VPS_PORT": str(installation.ports["vps"]),
        "VPS_FIRST_PORT": str(installation.ports["vps_first"]),
        "VPS_LAST_PORT": str(installation.ports["vps_last"]),
        "VPS_HOST_KEY_FILE": str(installation.data / "vps" / "host_key.pub"),
        "AGENT_TOKEN_FILE": str(installation.secret_file("agent_token")),
    }


def _python(name: str, *arguments: str, environment: dict[str, str] | None = None, seconds: float = 5) -> Program:
    command = [sys.executable, "-m", *arguments]
    return Program(name, command, {"PYTHONUNBUFFERED": "1", **(environment or {})}, ROOT, seconds=seconds)


def _postgres(postgres: Postgres) -> Service:
    program = Program(
        "postgres", postgres.command(), folder=postgres.folder, become=postgres.become, gently=signal.SIGINT, seconds=15
    )
    return Service(program, wave=0, is_ready=postgres.answers, ports=[postgres.port])


def _redis(redis: Redis) -> Service:
    return Service(Program("redis", redis.command()), wave=1, is_ready=redis.answers, ports=[redis.port])


def _assets(site: dict[str, str]) -> Service:
    return Service(_python("assets", "deploy.local.assets", "--collect", environment=site), once=True)


def _cloud(installation: Installation) -> Service:
    port = installation.ports["cloud"]
    options = [
        word for name, option in CLOUD_OPTIONS.items() if (value := os.environ.get(name)) for word in (option, value)
    ]
    options += ["--starter", STARTER] if builds_starter() else []
    program = _python(
        "cloud", "cloud.localcloud", "--data", str(installation.data / "cloud"), "--port", str(port),
        "--token-file", str(installation.secret_file("cloud_token")),
        "--console-token-file", str(installation.secret_file("console_token")), *options, seconds=GUEST_SECONDS,
    )  # fmt: skip
    return Service(program, is_ready=partial(listens, port), ports=[port])


def _starter(installation: Installation, regular: tuple[str, ...]) -> Service:
    """Build the Debian guest once all else is up; what is built already is left as it is."""
    program = _python("starter", "cloud.starter", "--folder", str(_starter_folder(installation)), STARTER)
    return Service(program, wave=3, after=regular, once=True, extra=True)


def _starter_folder(installation: Installation) -> Path:
    return installation.data / "cloud" / "starter"


def _vps(installation: Installation) -> Service:
    port, folder = installation.ports["vps"], installation.data / "vps"
    program = _python(
        "vps", "tunnels.embedded_vps", "--data", str(folder), "--port", str(port),
        "--first-port", str(installation.ports["vps_first"]), "--last-port", str(installation.ports["vps_last"]),
    )  # fmt: skip
    return Service(program, is_ready=lambda: (folder / "host_key.pub").exists() and listens(port), ports=[port])


def _mail(installation: Installation) -> Service:
    smtp, page = installation.ports["mail"], installation.ports["mail_page"]
    options = ["--data", str(installation.data / "mail"), "--smtp-port", str(smtp), "--page-port", str(page)]
    program = _python("mail", "deploy.local.mail_server", *options)
    return Service(program, is_ready=lambda: listens(smtp) and listens(page), ports=[smtp, page])


def _prepare(installation: Installation, site: dict[str, str]) -> Service:
    sources = [path for app in _apps() for path in (ROOT / app).glob("**/*.py")]
    answers = [site[name] for name in sorted(site) if name.startswith(("VPS_", "AGENT_", "LOCAL_CLOUD_"))]
    answers += [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("OS_")]
    # A starter image that was built by hand brings a template.
    answers += [str(builds_starter()), *sorted(path.name for path in _starter_folder(installation).glob("*.qcow2"))]
    wanted = stamps.fingerprint(ROOT, [*sources, ROOT / "requirements.txt"], *answers)
    # No checks: see UNCHECKED.
    program = _python("prepare", "django", "prepare", "--demo", "--skip-checks", "--verbosity", "0", environment=site)
    needs = ("postgres", "vps") if has_cluster() else ("postgres", "vps", "cloud")
    return Service(program, after=needs, once=True, stamp=(installation.run / "prepared", wanted))


def _apps() -> set[str]:
    """Return the folders whose code prepare depends on: the apps with tables, and the portal, whose demo command fills them."""
    return {path.parent.parent.name for path in ROOT.glob("*/migrations/__init__.py")} | {"portal"}


def _disks_socket(installation: Installation) -> Path:
    return installation.run / "disks" / "socket"


def _disks(installation: Installation, site: dict[str, str]) -> Service:
    socket = _disks_socket(installation)
    socket.parent.mkdir(mode=0o700, exist_ok=True)
    program = _python("disks", "cloud.disk_server", "--socket", str(socket), environment=site)
    return Service(program, wave=3, is_ready=socket.is_socket)


def _web(installation: Installation, site: dict[str, str]) -> Service:
    program = _python(
        "web", "portal.serve", *[word for host in free_ports.loopbacks() for word in ("--host", host)], "--port", str(installation.web_port),
        "--drain-seconds", "2", environment=site,
    )  # fmt: skip
    answers = partial(page_answers, installation.url)
    return Service(program, wave=3, after=("prepare", "assets"), is_ready=answers, ports=[installation.web_port])


def page_answers(url: str) -> bool:
    """Return whether web answers with anything but a server error. (Strangers are sent to the sign-in page.)"""
    try:
        with urllib.request.urlopen(url, timeout=WEB_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, http.client.HTTPException):  # the latter: a stranger on its port speaks no HTTP
        return False


def _live(installation: Installation, site: dict[str, str]) -> Service:
    """Run the live process at a port of its own: there is no proxy that could make one address of two. Cookies of a name go to all its ports."""
    port = installation.ports["live"]
    hosts = [word for host in free_ports.loopbacks() for word in ("--host", host)]
    program = _python("live", "portal.live", *hosts, "--port", str(port), environment=site)
    return Service(program, wave=3, is_ready=partial(listens, port), ports=[port])


def _live_url(installation: Installation) -> str:
    return f"http://127.0.0.1:{installation.ports['live']}"


def _worker(installation: Installation, site: dict[str, str]) -> Service:
    log = installation.log("worker")
    since = log.stat().st_size if log.exists() else 0
    program = _python(
        "worker", "celery", "-A", "portal", "worker", "--concurrency", WORKERS, "--loglevel", "INFO",
        "--without-gossip", "--without-mingle", environment=site | UNCHECKED, seconds=8,
    )  # fmt: skip
    return Service(program, wave=3, after=("prepare", "redis"), is_ready=partial(log_says, log, since, b" ready."))


def log_says(log: Path, since: int, words: bytes) -> bool:
    """Return whether the process wrote these words after the byte `since` of its log."""
    try:
        with log.open("rb") as lines:
            lines.seek(since)
            return words in lines.read()
    except OSError:
        return False


def _beat(installation: Installation, site: dict[str, str]) -> Service:
    schedule = installation.run / "beat-schedule"
    program = _python(
        "beat", "celery", "-A", "portal", "beat", "--schedule", str(schedule), "--pidfile=", "--loglevel", "WARNING",
        environment=site | UNCHECKED,
    )  # fmt: skip
    return Service(program, wave=3, after=("prepare", "redis"))


def _agent(installation: Installation) -> Service:
    program = _python(
        "agent", "tunnels.agent", "--portal", installation.loopback_url, "--live", _live_url(installation),
        "--token-file", str(installation.secret_file("agent_token")), "--key-file", str(installation.data / "vps" / "agent_key"),
    )  # fmt: skip
    return Service(program, wave=3, after=("web", "vps"))

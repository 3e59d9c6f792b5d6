"""A Minga as docker-compose.yml starts it: with its own project, .env, configuration and backups, all outside the tree."""

import contextlib
import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
HOST = "labs.example.org"
USER = 10001
Ran = subprocess.CompletedProcess[str]
SECRETS = ("SECRET_KEY", "DATABASE_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
PARTS = ("postgres", "redis", "disks", "web", "live", "worker", "beat")
TOKEN = "a-token-of-the-tests-0123456789"  # METRICS_TOKEN
PASSWORD = "a-long-password-of-the-tests"


class Site:
    """`environment`: in which `docker compose` finds the engine and the plugins."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str], **settings: str) -> None:
        self.name, self.folder = name, folder
        self.etc, self.backups = folder / "etc", folder / "backups"
        for place in (self.etc / "cloud", self.etc / "agent", self.etc / "keys", self.backups):
            place.mkdir(parents=True, mode=0o700)
            os.chown(place, USER, USER)
        self.port = 8000
        words = {
            name: secrets.token_hex(16)
            for name in ("SECRET_KEY", "DATABASE_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
        }
        self.settings = {
            **words, "CONFIG_DIR": str(self.etc), "BACKUP_DIR": str(self.backups), "WEB_PORT": str(self.port), "MINGA_VERSION": "test",
            **settings,
        }  # fmt: skip
        self.write_settings()
        self.environment = {**environment, "COMPOSE_PROJECT_NAME": name, "COMPOSE_ENV_FILES": str(folder / ".env")}

    def write_settings(self, **more: str) -> None:
        """.env.example, filled in as an administrator does it."""
        self.settings |= more
        text = (ROOT / ".env.example").read_text()
        for name, value in self.settings.items():
            text, found = re.subn(rf"^#?{name}=.*$", f"{name}={value}", text, count=1, flags=re.MULTILINE)
            assert found, f"{name} is not in .env.example"
        (self.folder / ".env").write_text(text)

    def write(self, place: str, text: str, mode: int = 0o600) -> Path:
        """A file below CONFIG_DIR that the containers' user may read."""
        path = self.etc / place
        path.write_text(text)
        path.chmod(mode)
        os.chown(path, USER, USER)
        return path

    # ---- docker ----

    def docker(self, *words: str, check: bool = True, seconds: float = 300, stdin: str = "") -> Ran:
        return self.run("docker", *words, check=check, seconds=seconds, stdin=stdin)

    def compose(self, *words: str, check: bool = True, seconds: float = 300) -> Ran:
        return self.docker("compose", *words, check=check, seconds=seconds)

    def run(self, *command: str, check: bool = True, seconds: float = 300, stdin: str = "") -> Ran:
        """A command as an administrator types it in the program's folder."""
        ran = subprocess.run(
            command, cwd=ROOT, env=self.environment, input=stdin, capture_output=True, text=True, timeout=seconds
        )
        assert not check or ran.returncode == 0, f"{' '.join(command)}: {(ran.stdout + ran.stderr)[-3000:]}"
        return ran

    def manage(self, *words: str, check: bool = True, seconds: float = 120, **variables: str) -> Ran:
        given = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        return self.compose("run", "--rm", "--no-TTY", *given, "manage", *words, check=check, seconds=seconds)

    def shell(self, code: str, service: str = "web") -> str:
        """Python inside a running container: quicker than one of its own. Only the worker's has the cloud's password. What it printed."""
        command = ["exec", "--no-TTY", service, "python", "manage.py", "shell", "--no-imports", "--command", code]
        return self.compose(*command, seconds=60).stdout

    def container(self, service: str) -> dict[str, Any]:
        """Inspect a service's container, also one that has ended."""
        number = self.compose("ps", "--all", "--quiet", service).stdout.strip()
        found: dict[str, Any] = json.loads(self.docker("inspect", number).stdout)[0]
        return found

    def state(self, service: str) -> str:
        """The health of a service, or without a health check whether it runs."""
        state = self.container(service)["State"]
        return str(state.get("Health", {}).get("Status") or state["Status"])

    def files_of(self, service: str) -> list[int]:
        """Return how many files a process in the service's container may have open: the soft limit, and the hard one."""
        ran = self.compose("exec", "--no-TTY", service, "sh", "-c", "ulimit -Sn; ulimit -Hn")
        return [int(line) for line in ran.stdout.split()]

    def log(self, service: str) -> str:
        """The log of its present container. Not by `compose logs`, which adds marks of its own to the lines."""
        ran = self.docker("logs", self.compose("ps", "--all", "--quiet", service).stdout.strip())
        return ran.stdout + ran.stderr

    def lines(self, service: str) -> tuple[list[dict[str, Any]], list[str]]:
        """The lines of its log that are JSON objects, and the others."""
        objects, others = [], []
        for line in filter(str.strip, self.log(service).splitlines()):
            try:
                objects.append({**json.loads(line)})
            except (ValueError, TypeError):
                others.append(line)
        return objects, others

    # ---- http ----

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask as somebody on this computer does, without the proxy."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=names, timeout=10, trust_env=False)

    def part(self, name: str) -> dict[str, Any]:
        """A single part of /readyz."""
        found: dict[str, Any] = self.get("/readyz").json()["parts"][name]
        return found

    def visitor(self) -> "Visitor":
        return Visitor(self)

    def down(self) -> None:
        self.compose("--profile", "tools", "down", "--volumes", "--timeout", "2", check=False)


class Visitor:
    """A browser or a program behind the proxy with TLS, which sets X-Forwarded-For and X-Forwarded-Proto."""

    def __init__(self, site: Site) -> None:
        self.url = f"http://127.0.0.1:{site.port}"
        self.cookies: SimpleCookie = SimpleCookie()
        self.headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": "192.0.2.7",
            "Referer": f"https://{HOST}/",
        }

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        reply = httpx.request(method, self.url + path, headers=self._head(), timeout=20, trust_env=False, **more)
        for line in reply.headers.get_list("set-cookie"):
            self.cookies.load(line)
        return reply

    @contextlib.contextmanager
    def events(self, live: str, status: int = 200) -> Iterator[Iterator[str]]:
        """The lines of the event stream of the live process at that address, as they come."""
        headers = self._head() | {"Accept": "text/event-stream"}
        with httpx.stream("GET", f"{live}/live/events", headers=headers, timeout=20, trust_env=False) as reply:
            assert reply.status_code == status
            yield reply.iter_lines()

    def _head(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={cookie.value}" for name, cookie in self.cookies.items())
        return self.headers | ({"Cookie": cookies} if cookies else {})

    def sign_in(self, name: str, password: str) -> httpx.Response:
        page = self.ask("GET", "/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert token, page.text[:500]
        form = {"csrfmiddlewaretoken": token[1], "login": name, "password": password}
        return self.ask("POST", "/accounts/login/", data=form)


def until(is_true: Callable[[], Any], what: str, seconds: float, pause: float = 0.3) -> Any:
    """The first true answer. Raises AssertionError after so many seconds."""
    ends_at = time.monotonic() + seconds
    while True:
        try:
            if found := is_true():
                return found
        except httpx.TransportError:
            pass
        assert time.monotonic() < ends_at, f"not within {seconds:.0f} s: {what}"
        time.sleep(pause)

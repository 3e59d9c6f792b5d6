"""A whole Minga as `make run` starts it, in a folder of its own; and a person who uses its API."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from cloud.contract import Server
from cloud.local import LocalCloud
from deploy.local import child
from deploy.local.postgres import Postgres
from deploy.local.redis import Redis
from tests import ports
from tests.cloud import ready_guest
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 900  # a first start on a busy machine builds a guest image, too
# Short, so that a killed worker's machine is taken over while a test waits.
IMPATIENT = {
    "CLAIM_SECONDS": "4",
    "SWEEP_WHOLE_SECONDS": "10",
    "STRAY_SECONDS": "5",
    "SWEEP_QUIET_SECONDS": "5",
    "STARTER_IMAGE": "off",
}


class Stack:
    """An installation. `kind` is the guests': simulated or qemu."""

    def __init__(self, data: Path, kind: str, **environment: str) -> None:
        self.data, self.kind, self.took = data, kind, list[float]()  # seconds, each start
        self.port = ports.free_port()
        self.url = f"http://localhost:{self.port}"
        self.environment = {
            **os.environ,
            **IMPATIENT,
            "DATA": str(data),
            "PORT": str(self.port),
            "GUESTS": kind,
            **environment,
        }
        # What the tests' own conftest set is for the tests' own database.
        for name in (
            "DATABASE_URL",
            "REDIS_URL",
            "SECRET_KEY",
            "DB_POOL",
            "STATIC_MANIFEST",
            "STATIC_ROOT",
            "DJANGO_SETTINGS_MODULE",
            "ALLOWED_HOSTS",
            "DJANGO_ALLOW_ASYNC_UNSAFE",
        ):
            self.environment.pop(name, None)
        if kind != "openstack":  # somebody's OS_CLOUD would put these machines on their cluster
            for name in [name for name in self.environment if name.startswith("OS_")]:
                del self.environment[name]
        self.process: subprocess.Popen[bytes] | None = None
        self.open: list[httpx.Client | LocalCloud] = []  # closed with the stack

    def start(self) -> "Stack":
        self.data.mkdir(parents=True, exist_ok=True)
        ports.settle(self.data)
        if self.kind == "qemu" and not (self.data / "cloud").exists():
            ready_guest.give(self.data / "cloud")
        output = (self.data / "output.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.local"],
            cwd=ROOT,
            env=self.environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=child.end_with_parent(signal.SIGINT),  # a run, or a bench, that is killed leaves none behind
        )
        output.close()
        began = time.monotonic()
        wait_for(self._is_ready, START_SECONDS, "the stack is ready", self._must_live)
        self.took.append(time.monotonic() - began)
        return self

    def _is_ready(self) -> bool:
        """Return whether this very process says so: one that was killed leaves its word behind."""
        assert self.process is not None
        return bool(self.status.get("ready")) and self.status["supervisor"] == self.process.pid

    def stop(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        assert self.process is not None
        while self.open:
            self.open.pop().close()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(2 * PATIENCE)

    def _must_live(self) -> None:
        if self.process is None or self.process.poll() is not None:
            raise AssertionError("the stack ended: " + (self.data / "output.log").read_text()[-2000:])

    @property
    def status(self) -> dict[str, Any]:
        try:
            return json.loads((self.data / "run" / "status.json").read_text())
        except (OSError, ValueError):
            return {}

    def pid(self, name: str) -> int | None:
        return next((p["pid"] for p in self.status.get("processes", []) if p["name"] == name), None)

    def kill(self, name: str) -> bool:
        """kill -9 of one part; the supervisor starts it again. False when it was down already."""
        pid = self.pid(name)
        try:
            if pid:
                os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return pid is not None

    def flush_redis(self) -> None:
        import redis

        settings = json.loads((self.data / "ports.json").read_text())
        password = (self.data / "secrets" / "redis").read_text().strip()
        redis.Redis(port=settings["redis"], password=password).flushall()

    def whole(self) -> None:
        """Wait until every part is up."""
        wait_for(lambda: self.status.get("ready"), 2 * PATIENCE, "all parts are up again", self._must_live)

    def django(self, code: str) -> str:
        """Run Python with this installation's settings; what it printed."""
        settings = json.loads((self.data / "ports.json").read_text())
        secret = {name: self._secret(name) for name in ("redis", "secret_key", "cloud_token")}
        environment = {
            **self.environment, "DATABASE_URL": self.database_url, "SECRET_KEY": secret["secret_key"], "LOCAL_CLOUD_TOKEN": secret["cloud_token"],
            "LOCAL_CLOUD_URL": f"http://127.0.0.1:{settings['cloud']}", "REDIS_URL": Redis(self.data, settings["redis"], secret["redis"]).url,
        }  # fmt: skip
        line = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
        return subprocess.run(line, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    @property
    def database_url(self) -> str:
        """Return the address of this installation's database, which answers as long as it runs."""
        settings = json.loads((self.data / "ports.json").read_text())
        return Postgres(self.data / "postgres", settings["postgres"], self._secret("database")).url

    def _secret(self, name: str) -> str:
        return (self.data / "secrets" / name).read_text().strip()

    @cached_property
    def cloud(self) -> LocalCloud:
        settings = json.loads((self.data / "ports.json").read_text())
        cloud = LocalCloud(
            f"http://127.0.0.1:{settings['cloud']}", (self.data / "secrets" / "cloud_token").read_text().strip()
        )
        self.open.append(cloud)
        return cloud

    def servers(self, machine: str) -> list[Server]:
        """The living servers of one machine, as the cloud itself tells."""
        return [s for s in self.cloud.list_servers().servers if s.machine == machine]


class Person:
    """A person with a token. Every call is repeated while the web process is away, for so long."""

    patience = 2 * PATIENCE

    def __init__(self, stack: Stack, name: str) -> None:
        self.stack, self.name = stack, name
        self.http = httpx.Client(base_url=f"{stack.url}/api/v1/", timeout=PATIENCE)
        stack.open.append(self.http)
        reply = self.call("POST", "auth/token/", json={"username": name, "password": "minga"})
        self.http.headers["Authorization"] = f"Bearer {reply.json()['token']}"

    def call(self, method: str, path: str, *, seconds: float = 0, **more: Any) -> httpx.Response:
        end = time.monotonic() + (seconds or self.patience)
        while True:
            try:
                reply = self.http.request(method, path, **more)
                if reply.status_code < 502 or time.monotonic() > end:
                    return reply
            except httpx.TransportError:
                if time.monotonic() > end:
                    raise
            time.sleep(0.2)

    def machine(self, pk: str) -> dict[str, Any]:
        return self.call("GET", f"machines/{pk}/").json()

    def launch(self, **more: Any) -> dict[str, Any]:
        first = self.call("GET", "templates/").json()[0]
        reply = self.call("POST", "machines/", json={"template": first["slug"], **more})
        assert reply.status_code == 201, reply.text
        return reply.json()

    def until(self, pk: str, state: str, seconds: float = 3 * PATIENCE) -> dict[str, Any]:
        """Wait for a state; the machine as it then is."""
        seen: dict[str, Any] = {}

        def there() -> bool:
            seen.update(self.machine(pk))
            return seen["state"] == state

        wait_for(there, seconds, f"{pk} is {state}", lambda: None, lambda: f"{seen.get('state')}: {seen.get('note')}")
        return seen

    def used(self) -> dict[str, int]:
        """Return what is taken of each measure."""
        quota = self.call("GET", "quota/").json()
        return {measure: gauge["used"] for measure, gauge in quota.items() if isinstance(gauge, dict)}


def wait_for(
    true: Callable[[], Any],
    seconds: float,
    what: str,
    check: Callable[[], None] = lambda: None,
    say: Callable[[], str] = lambda: "",
) -> None:
    """Look until `true`, ten times a second at first, then after an eighth of the time that has passed, at least twice a second.

    A look costs the processor that all wait for: 20 ms, where a page or the API is asked.

    Raises AssertionError with `what` and `say()`.
    """
    began = time.monotonic()
    passed = 0.0
    while not true():  # once more after the time is up, however long the computer stood still before
        check()
        if passed > seconds:
            raise AssertionError(f"not within {seconds:.0f} s: {what} {say()}")
        time.sleep(min(0.5, max(0.1, passed / 8)))
        passed = time.monotonic() - began


def ssh(
    port: int, key: Path, command: str, *, user: str = "student", seconds: float = PATIENCE
) -> subprocess.CompletedProcess[str]:
    """Run a command through OpenSSH's own client."""
    options = [
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "LogLevel=ERROR",
        "ConnectTimeout=60",
        "BatchMode=yes",
        "IdentitiesOnly=yes",
    ]
    line = [
        "ssh",
        "-i",
        str(key),
        "-p",
        str(port),
        *[a for o in options for a in ("-o", o)],
        f"{user}@127.0.0.1",
        command,
    ]
    return subprocess.run(line, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)


def make_key(folder: Path, name: str = "key") -> Path:
    """An ed25519 pair made by ssh-keygen; the private half's path."""
    file = folder / name
    if not file.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
    return file


def is_shut(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether nothing listens there."""
    with socket.socket() as s:
        s.settimeout(PATIENCE)
        return s.connect_ex((address, port)) != 0

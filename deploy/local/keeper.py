"""Keep a service running: start it, see when it is ready, start it again when it dies."""

import signal
import subprocess
import time
from enum import StrEnum

from deploy.local import child, pidfiles, stamps
from deploy.local.errors import LauncherError
from deploy.local.installation import Installation
from deploy.local.services import Service

FIRST_WAIT_SECONDS = 0.2  # before the first new start; doubles
LONGEST_WAIT_SECONDS = 5.0
CALM_SECONDS = 10.0  # who lived that long starts afresh with its waiting
SETTLE_SECONDS = 1.0  # a process that nothing can be asked of is ready when it has lived that long
TRIES = 5  # of a service that never became ready


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    DEAD = "dead"
    DONE = "done"


class Keeper:
    def __init__(self, service: Service, installation: Installation) -> None:
        self.service, self.installation = service, installation
        self.state = State.WAITING
        self.process: subprocess.Popen[bytes] | None = None
        self.restarts = self.failures = 0
        self.was_ready = False
        self.started_at = self.retry_at = 0.0  # on the monotonic clock

    @property
    def is_up(self) -> bool:
        return self.state in (State.READY, State.DONE)

    def step(self, up: set[str]) -> str | None:
        """Look at the service and act. `up`: the services that are ready. Returns a sentence for the person when there is news. Raises LauncherError."""
        if self.state == State.WAITING and up.issuperset(self.service.after):
            return self._begin()
        if self.state == State.DEAD and time.monotonic() >= self.retry_at:
            self.restarts += 1
            self._start()
            return None
        if self.process is None or self.state in (State.DONE, State.DEAD, State.WAITING):
            return None
        code = self.process.poll()
        if code is not None:
            return self._ended(self.process.pid, code)
        if self.state == State.STARTING and not self.service.once and self._is_ready():
            return self._became_ready()
        return None

    def _begin(self) -> str | None:
        child.set_aside(self.installation.log(self.service.name))
        if self.service.stamp and stamps.is_fresh(*self.service.stamp):
            self.state, self.was_ready = State.DONE, True
        else:
            self._start()
        return None

    def _start(self) -> None:
        name = self.service.name
        self.process = child.start(
            self.service.program, log=self.installation.log(name), pidfile=self.installation.pidfile(name)
        )
        self.state, self.started_at = State.STARTING, time.monotonic()

    def _is_ready(self) -> bool:
        if self.service.is_ready is None:
            return time.monotonic() - self.started_at > SETTLE_SECONDS
        return self.service.is_ready()

    def _became_ready(self) -> str | None:
        again, self.state, self.was_ready = self.was_ready, State.READY, True
        return f"{self.service.name} is back." if again else None

    def _ended(self, group: int, code: int) -> str | None:
        """End what is left of its group, too: a pool's children would work on without their parent."""
        pidfiles.signal_group(group, signal.SIGKILL)
        self.installation.pidfile(self.service.name).unlink(missing_ok=True)
        if self.service.once and code == 0:
            self._done()
            return None
        self.failures = 1 if time.monotonic() - self.started_at > CALM_SECONDS else self.failures + 1
        if self.service.once or (not self.was_ready and self.failures >= TRIES):
            raise LauncherError(
                f"{self.service.name} failed: {self.last_words()} (all of it: {self.installation.log(self.service.name)})"
            )
        wait = min(FIRST_WAIT_SECONDS * 2 ** (self.failures - 1), LONGEST_WAIT_SECONDS)
        self.state, self.retry_at = State.DEAD, time.monotonic() + wait
        return f"{self.service.name} ended ({_why(code)}); starting it again."

    def _done(self) -> None:
        self.state, self.was_ready = State.DONE, True
        if self.service.stamp:
            stamps.write(*self.service.stamp)

    def last_words(self) -> str:
        try:
            lines = self.installation.log(self.service.name).read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it left no message"
        return lines[-1][-300:] if lines else "it left no message"

    def describe(self) -> dict[str, object]:
        alive = self.process is not None and self.state in (State.STARTING, State.READY)
        return {
            "name": self.service.name, "state": self.state.value, "pid": self.process.pid if alive and self.process else None,
            "ports": self.service.ports, "restarts": self.restarts, "log": str(self.installation.log(self.service.name)),
        }  # fmt: skip


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"

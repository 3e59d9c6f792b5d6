"""Start all services in their order, keep each running, and end them in reverse when told to."""

import json
import os
import signal
import subprocess
import time
from contextlib import closing
from enum import StrEnum
from types import FrameType

from deploy.local import child, pidfiles, services, stamps
from deploy.local.errors import LauncherError, of_os_error
from deploy.local.installation import Installation, write
from deploy.local.services import Service

LOOK_SECONDS = 0.05  # between two looks while starting
RESTART_LOOK_SECONDS = 0.1  # and afterwards, while a service starts again
CALM_LOOK_SECONDS = 1.0  # and while all are up: a service's end and Ctrl-C wake us by themselves
LOGS_SECONDS = 60.0  # between two looks at the length of the logs
START_SECONDS = 300.0  # until one more service is up; the tables alone take minutes on an old computer
FIRST_WAIT_SECONDS = 0.2  # before the first restart of a service; doubles
LONGEST_WAIT_SECONDS = 5.0
CALM_SECONDS = 10.0  # a service that lived this long begins again with the first wait
SETTLE_SECONDS = 1.0  # a service without a readiness check counts as ready after this long
TRIES = 5  # starts of a service that never became ready


class Stopped(Exception):
    """Raised where a signal told the supervisor to end."""


class Supervisor:
    """The services of one installation, looked after from one loop in one thread."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.keepers: list[Keeper] = []
        self.stopping = False
        self._written = ""

    def run(self) -> None:
        """Run until a signal. Raises LauncherError when Minga cannot start; everything is ended in either case."""
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self._asked_to_stop)
        settings = json.dumps(services.site_settings(self.installation), indent=1)
        try:
            write(self.installation.run / "settings.json", settings)
            self._make_servers()
            self.keepers = [Keeper(service, self.installation) for service in services.all_services(self.installation)]
            self._start()
            self._keep()
        except Stopped:
            pass
        except OSError as error:
            raise of_os_error(error) from None
        finally:
            self.stop()

    @property
    def _is_up(self) -> bool:
        """Return whether all services are up, extra jobs aside."""
        return not any(keeper.holds_up for keeper in self.keepers)

    def _asked_to_stop(self, which: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _check(self) -> None:
        if self.stopping:
            raise Stopped

    def _make_servers(self) -> None:
        postgres, redis = services.servers(self.installation)
        if not postgres.folder.exists():
            say("Making the database …")
            (self.installation.run / "prepared").unlink(missing_ok=True)
        postgres.prepare()
        redis.prepare()

    def _start(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        announced: set[str] = set()
        while not self._is_up:
            self._look()
            for name in [keeper.service.name for keeper in self.keepers if keeper.is_up]:
                if name not in announced:
                    announced.add(name)
                    say(f"{name} ✓")
                    deadline = time.monotonic() + START_SECONDS
            if time.monotonic() > deadline:
                slow = next(keeper for keeper in self.keepers if keeper.holds_up)
                raise LauncherError(
                    f"{slow.service.name} did not become ready in {START_SECONDS:.0f} s: {slow.last_words()}"
                )
            time.sleep(LOOK_SECONDS)
        self._write_status(ready=True)
        say_welcome(self.installation)

    def _keep(self) -> None:
        logs_at = 0.0
        with closing(child.Rest()) as rest:
            while True:
                self._look()
                if time.monotonic() > logs_at:
                    logs_at = time.monotonic() + LOGS_SECONDS
                    for keeper in self.keepers:
                        child.rotate_log(self.installation.log(keeper.service.name))
                rest.take(CALM_LOOK_SECONDS if self._is_up else RESTART_LOOK_SECONDS)

    def _look(self) -> None:
        self._check()
        up = {keeper.service.name for keeper in self.keepers if keeper.is_up}
        for keeper in self.keepers:
            news = keeper.step(up)
            if news:
                say(news)
        self._write_status(ready=self._is_up)

    def _write_status(self, *, ready: bool) -> None:
        """Write run/status.json, which tests and people read: only when it changed, and never half."""
        status = {
            "ready": ready,
            "url": self.installation.url,
            "data": str(self.installation.data),
            "supervisor": os.getpid(),
            "processes": [keeper.describe() for keeper in self.keepers],
        }
        text = json.dumps(status, indent=1)
        if text != self._written:
            write(self.installation.run / "status.json", text)
            self._written = text

    def stop(self) -> None:
        """End the services wave by wave; a wave takes as long as its slowest service may."""
        alive = [keeper for keeper in self.keepers if keeper.process is not None and keeper.state not in ENDED]
        if alive:
            say("Stopping …")
        for wave in sorted({keeper.service.wave for keeper in alive}, reverse=True):
            _end_wave([keeper for keeper in alive if keeper.service.wave == wave], self.installation)
        (self.installation.run / "status.json").unlink(missing_ok=True)


def _end_wave(keepers: list["Keeper"], installation: Installation) -> None:
    for keeper in keepers:
        if keeper.process is not None and keeper.process.poll() is None:
            keeper.process.send_signal(keeper.service.program.gently)
    began = time.monotonic()
    for keeper in keepers:
        if keeper.process is not None:
            left = max(0.0, keeper.service.program.seconds - (time.monotonic() - began))
            child.wait_then_kill(keeper.process, seconds=left, pidfile=installation.pidfile(keeper.service.name))


class State(StrEnum):
    """The state of a service; its keeper's `step` makes the moves."""

    WAITING = "waiting"  # for the services that it needs
    STARTING = "starting"
    READY = "ready"
    DEAD = "dead"  # to be started again
    DONE = "done"  # a job that has ended well
    FAILED = "failed"  # an extra job that has not


ENDED = (State.DONE, State.FAILED)


class Keeper:
    """Start one service, see when it is ready, start it again when it dies."""

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

    @property
    def holds_up(self) -> bool:
        """Return whether the start waits for this service."""
        return not self.is_up and not self.service.extra

    def step(self, up: set[str]) -> str | None:
        """Look at the service and act. `up`: the services that are ready.

        Returns a sentence for the person when there is news. Raises LauncherError when the service cannot start.
        """
        if self.state == State.WAITING and up.issuperset(self.service.after):
            return self._begin()
        if self.state == State.DEAD and time.monotonic() >= self.retry_at:
            self.restarts += 1
            self._start()
            return None
        if self.process is None or self.state in (*ENDED, State.DEAD, State.WAITING):
            return None
        code = self.process.poll()
        if code is not None:
            return self._ended(self.process.pid, code)
        if self.state == State.STARTING and not self.service.once and self._is_ready():
            return self._became_ready()
        return None

    def _begin(self) -> str | None:
        child.rotate_log(self.installation.log(self.service.name))
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
        """Note that the process ended. Kill the rest of its group: a pool's children would work on without their parent."""
        pidfiles.signal_group(group, signal.SIGKILL)
        self.installation.pidfile(self.service.name).unlink(missing_ok=True)
        if self.service.once and code == 0:
            return self._done()
        if self.service.extra:
            self.state = State.FAILED
            return f"{self.service.name} failed: {self.last_words()}. Minga goes on without it."
        self.failures = 1 if time.monotonic() - self.started_at > CALM_SECONDS else self.failures + 1
        if self.service.once or (not self.was_ready and self.failures >= TRIES):
            raise LauncherError(
                f"{self.service.name} failed: {self.last_words()} (all of it: {self.installation.log(self.service.name)})"
            )
        wait = min(FIRST_WAIT_SECONDS * 2 ** (self.failures - 1), LONGEST_WAIT_SECONDS)
        self.state, self.retry_at = State.DEAD, time.monotonic() + wait
        return f"{self.service.name} ended ({_why(code)}); starting it again."

    def _done(self) -> str | None:
        self.state, self.was_ready = State.DONE, True
        if self.service.stamp:
            stamps.write(*self.service.stamp)
        return f"{self.service.name} ✓" if self.service.extra else None

    def last_words(self) -> str:
        """Return the last line of the service's log, at most 300 characters."""
        try:
            lines = self.installation.log(self.service.name).read_text(errors="replace").strip().splitlines()
        except OSError:
            return "it left no message"
        return lines[-1][-300:] if lines else "it left no message"

    def describe(self) -> dict[str, object]:
        """Return the service's entry of run/status.json."""
        alive = self.process is not None and self.state in (State.STARTING, State.READY)
        return {
            "name": self.service.name,
            "state": self.state.value,
            "pid": self.process.pid if alive and self.process else None,
            "ports": self.service.ports,
            "restarts": self.restarts,
            "log": str(self.installation.log(self.service.name)),
        }


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"


def say(sentence: str) -> None:
    print(f"  {sentence}", flush=True)


def say_welcome(installation: Installation) -> None:
    people = ("student", "student2", "teacher", "donor", "admin")
    rows = "\n".join(f"    {name:<10} minga" for name in people)
    mails = "" if services.has_mail_server() else f"  Mails that it sends:  {installation.mail_url}\n"
    print(
        f"\n  Minga is ready:  {installation.url}\n\n    sign in as  password\n{rows}\n\n{mails}"
        f"  Data and logs: {installation.data}\n  Ctrl-C stops everything.\n",
        flush=True,
    )

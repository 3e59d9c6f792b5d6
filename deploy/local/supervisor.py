"""Start all services in their order, keep them running, and end them in reverse when told to."""

import json
import os
import signal
import time
from pathlib import Path
from types import FrameType

from deploy.local import child, services
from deploy.local.errors import LauncherError, of_os_error
from deploy.local.installation import Installation, write
from deploy.local.keeper import Keeper, State

LOOK_SECONDS = 0.05  # between two looks while starting
CALM_LOOK_SECONDS = 0.1  # and afterwards
LOGS_SECONDS = 60.0  # between two looks at the length of the logs
START_SECONDS = 150.0  # the whole start, packages aside


class Stopped(Exception):
    """Somebody asked us to end."""


class Supervisor:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.keepers: list[Keeper] = []
        self.stopping = False
        self._written = ""

    def run(self) -> None:
        """Run until a signal. Raises LauncherError when Minga cannot start; everything is ended in either case."""
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(which, self._asked_to_stop)
        try:
            write(
                self.installation.run / "settings.json", json.dumps(services.site_settings(self.installation), indent=1)
            )
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
        while not all(keeper.is_up for keeper in self.keepers):
            self._look()
            for name in [keeper.service.name for keeper in self.keepers if keeper.is_up]:
                if name not in announced:
                    announced.add(name)
                    say(f"{name} ✓")
            if time.monotonic() > deadline:
                slow = next(keeper for keeper in self.keepers if not keeper.is_up)
                raise LauncherError(
                    f"{slow.service.name} did not become ready in {START_SECONDS:.0f} s: {slow.last_words()}"
                )
            time.sleep(LOOK_SECONDS)
        self._write_status(ready=True)
        say_welcome(self.installation)

    def _keep(self) -> None:
        logs_at = 0.0
        while True:
            self._look()
            if time.monotonic() > logs_at:
                logs_at = time.monotonic() + LOGS_SECONDS
                for keeper in self.keepers:
                    child.set_aside(self.installation.log(keeper.service.name))
            time.sleep(CALM_LOOK_SECONDS)

    def _look(self) -> None:
        self._check()
        up = {keeper.service.name for keeper in self.keepers if keeper.is_up}
        for keeper in self.keepers:
            news = keeper.step(up)
            if news:
                say(news)
        self._write_status(ready=all(keeper.is_up for keeper in self.keepers))

    def _write_status(self, *, ready: bool) -> None:
        """Write what runs, for the tests and for people; only when it changed, and never half."""
        status = {
            "ready": ready, "url": self.installation.url, "data": str(self.installation.data), "supervisor": os.getpid(),
            "processes": [keeper.describe() for keeper in self.keepers],
        }  # fmt: skip
        text = json.dumps(status, indent=1)
        if text != self._written:
            write_whole(self.installation.run / "status.json", text)
            self._written = text

    def stop(self) -> None:
        """End the services wave by wave, each as long as its slowest may take."""
        alive = [keeper for keeper in self.keepers if keeper.process is not None and keeper.state != State.DONE]
        if alive:
            say("Stopping …")
        for wave in sorted({keeper.service.wave for keeper in alive}, reverse=True):
            _end_wave([keeper for keeper in alive if keeper.service.wave == wave], self.installation)
        (self.installation.run / "status.json").unlink(missing_ok=True)


def _end_wave(keepers: list[Keeper], installation: Installation) -> None:
    for keeper in keepers:
        if keeper.process is not None and keeper.process.poll() is None:
            keeper.process.send_signal(keeper.service.program.gently)
    began = time.monotonic()
    for keeper in keepers:
        if keeper.process is not None:
            left = max(0.0, keeper.service.program.seconds - (time.monotonic() - began))
            child.wait_then_kill(keeper.process, seconds=left, pidfile=installation.pidfile(keeper.service.name))


def write_whole(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.write_text(text)
    unfinished.replace(path)


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

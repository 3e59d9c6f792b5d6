"""A student's machine whose guest is a real sshd with terminals of its own, and viewers as a browser or a program opens them."""

import asyncio
import contextlib
import getpass
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings as django_settings
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from accounts.models import User
from courses.models import Template
from machines import portal_keys
from machines.host_keys import disk_of
from machines.models import Machine, PortalKey
from tests.factories import make_machine
from tests.live.process import LiveProcess, session_of
from tests.machines.idle.guest import HERE, openssh
from tests.ports import free_port
from tests.waiting import PATIENCE, until
from tunnels.models import Tunnel


def machine_with_key(owner: User) -> Machine:
    """A running machine whose disk has the portal's key. Nothing answers at its port yet. MACHINE_KEYS_FILE must be set."""
    made = make_machine(owner)
    Tunnel.objects.filter(holder=made.pk, scheme="ssh").delete()  # no public port is needed
    Machine.objects.filter(pk=made.pk).update(address=HERE, port_map={"22": free_port()})
    Template.objects.update(login=getpass.getuser())
    portal_keys.line_for(made.pk, 0)
    portal_keys.given(disk_of(made), 0)
    PortalKey.objects.update(put_in_at=timezone.now())
    return Machine.objects.get(pk=made.pk)


@contextlib.contextmanager
def guest(machine: Machine, folder: Path) -> Iterator[Path]:
    """Start its guest, which knows the portal's key. Gives the home in it."""
    row = portal_keys.of(machine)
    home = folder / "home"
    with openssh(folder, f"{portal_keys.line_of(row) if row else ''}\n", home=home) as port:
        Machine.objects.filter(pk=machine.pk).update(port_map={"22": port})
        yield home


def let_go(live: LiveProcess) -> None:
    """End the connections to guests, and wait until nobody writes a row any more: the rows of the test are about to go."""
    if not live.thread.is_alive():
        return
    app = live.server.config.app

    async def end() -> None:
        for one in list(app.terminals.terminals.values()):
            one.stop()
        await app.files.lines.close("restart")

    asyncio.run_coroutine_threadsafe(end(), live.loop).result(PATIENCE)
    until(lambda: not app.terminals._tasks and not app.files.lines._tasks, "no connection to a guest is left")


class View:
    """A viewer's websocket, and what came by it: text frames, and output as a terminal would get it."""

    def __init__(self, line: Any) -> None:
        self._stack = contextlib.ExitStack()
        self.line: ClientConnection = self._stack.enter_context(line)
        self.told: list[dict[str, Any]] = []
        self.output = b""
        self.code: int | None = None
        self.acknowledges = True

    def read(self, seconds: float) -> bool:
        """Take one frame. Return False where none came."""
        try:
            frame = self.line.recv(seconds)
        except TimeoutError:
            return False
        except ConnectionClosed as end:
            self.code = end.rcvd.code if end.rcvd else 1006
            return False
        if isinstance(frame, str):
            self.told.append(json.loads(frame))
        else:
            self.output += frame
            if self.acknowledges:
                self.say(type="ack", bytes=len(frame))
        return True

    def say(self, **facts: Any) -> None:
        with contextlib.suppress(ConnectionClosed):
            self.line.send(json.dumps(facts))

    def type(self, text: str) -> None:
        self.line.send(text.encode())

    def until(self, what: Any) -> None:
        end = time.monotonic() + PATIENCE
        while not what():
            assert self.code is None, (self.code, self.told, self.output[-500:])
            assert time.monotonic() < end, (self.told, self.output[-500:])
            self.read(0.5)

    def shows(self, words: str) -> None:
        self.until(lambda: words.encode() in self.output)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["type"] == kind]

    def opens(self) -> dict[str, Any]:
        """Wait until the terminal is open; what was said of it."""
        self.until(lambda: self.of("open"))
        return self.of("open")[-1]

    def ends(self) -> tuple[int, str]:
        """Wait for the end: the close code, and the word for it."""
        end = time.monotonic() + PATIENCE
        while self.code is None:
            assert time.monotonic() < end, (self.told, self.output[-500:])
            self.read(0.5)
        return self.code, self.of("end")[-1]["code"] if self.of("end") else ""

    def close(self) -> None:
        self._stack.close()


def view(live: LiveProcess, machine: Any, person: User | None = None, *, name: str = "1", **query: Any) -> View:
    """Open a terminal as the page does. `person`: None for whoever has a ticket in the query."""
    headers = {"Cookie": f"{django_settings.SESSION_COOKIE_NAME}={session_of(person)}"} if person else {}
    address = f"ws://localhost:{live.port}/live/terminal/{getattr(machine, 'pk', machine)}/{name}?{urlencode(query)}"
    origin: Any = live.url if person else None
    return View(connect(address, additional_headers=headers, origin=origin, proxy=None, open_timeout=PATIENCE))

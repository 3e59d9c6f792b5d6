"""The boot of a whole Linux where QEMU emulates: long, starved by whatever runs beside it, and now and then it hangs.

Seen once in a dozen boots with two processors, on a computer that had nothing else to do: the timer of one of them never came again
("Possible timer handling issue" on the console). A reset helps. A guest of Tiny Linux has one processor and is up in seconds.
"""

import json
import socket
from contextlib import suppress
from pathlib import Path

from tests.journeys.stack import Stack, wait_for
from tests.waiting import PATIENCE

BOOT_SECONDS = 300.0  # of a first boot with the processor for itself; 60 to 100 on a computer that does nothing else
LOGIN = b" login:"  # on its console


def see_through_boot(stack: Stack) -> None:
    """Wait until the stack's only guest asks for a login, and reset it once if it hangs."""
    wait_for(lambda: _guest(stack), PATIENCE, "QEMU runs")
    guest = _guest(stack)[0]
    go_first(guest)
    try:
        wait_for(lambda: LOGIN in _console(guest), BOOT_SECONDS, "the guest boots")
    except AssertionError:
        before = len(_console(guest))
        _reset(stack, guest.name)
        wait_for(lambda: LOGIN in _console(guest)[before:], BOOT_SECONDS, "the guest boots after a reset")


def go_first(guest: Path) -> None:
    """Give QEMU the processor before all else, where the system lets us.

    A Debian that starves is ten times as long at its boot, and takes three times as much of the processor.
    """
    with suppress(OSError):
        Path(f"/proc/{(guest / 'pid').read_text().strip()}/autogroup").write_text("-15")


def _guest(stack: Stack) -> list[Path]:
    return [pid.parent for pid in stack.data.glob("cloud/guests/*/pid")]


def _console(guest: Path) -> bytes:
    file = guest / "console.log"
    return file.read_bytes() if file.exists() else b""


def _reset(stack: Stack, server: str) -> None:
    """Press the reset button over QEMU's control socket."""
    with socket.socket(socket.AF_UNIX) as line, line.makefile("rwb") as both:
        line.settimeout(PATIENCE)
        line.connect(str(stack.data / "cloud" / "qmp" / f"{server.replace('-', '')}.qmp"))
        for command in ("qmp_capabilities", "system_reset"):
            both.write(json.dumps({"execute": command}).encode() + b"\n")
            both.flush()
        while b'"RESET"' not in both.readline():
            pass

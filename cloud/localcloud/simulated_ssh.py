"""The SSH server of a simulated guest. Takes the keys of this guest, for the users student and root, and gives them a shell."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncssh

from cloud.localcloud import simulated_keys
from cloud.localcloud.shell import GREETING, Shell

if TYPE_CHECKING:
    from cloud.localcloud.simulated import Running

USERS = tuple(simulated_keys.HOMES)


class KeysOnly(asyncssh.SSHServer):
    """A connection. Admits the holders of the guest's keys."""

    def __init__(self, guest: "Running") -> None:
        self._guest = guest
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._guest.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._guest.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        if username in USERS and self._connection:
            lines = simulated_keys.lines_of(self._guest.files, username, self._guest.row.public_keys)
            if keys := simulated_keys.parsed(lines):
                self._connection.set_authorized_keys(keys)
        return True

    def public_key_auth_supported(self) -> bool:
        return True


async def listen(guest: "Running", address: str, port: int, host_key: str, changed: Callable[[], None]) -> Any:
    """Listen at address:port. `changed` is called after each write to the guest's files."""
    return await asyncssh.listen(
        address,
        port,
        server_factory=lambda: KeysOnly(guest),
        server_host_keys=[asyncssh.import_private_key(host_key)],
        process_factory=lambda process: _serve(guest, process, changed),
        allow_scp=False,
        agent_forwarding=False,
        x11_forwarding=False,
        gss_host=None,
        login_timeout=20,
        config=None,
    )


async def _serve(guest: "Running", process: asyncssh.SSHServerProcess[str], changed: Callable[[], None]) -> None:
    user = process.get_extra_info("username")
    shell = Shell(guest.files, guest.row.name, user, changed)
    code = 0
    try:
        if process.get_extra_info("connection").get_key_option("command"):
            await _write_to_terminals(guest, user, process)
        elif process.command and process.command.startswith(simulated_keys.SCRIPT):
            await process.stdin.read()  # the script
            process.stdout.write(simulated_keys.change(guest.files, user, process.command, guest.row.public_keys))
            changed()
        elif process.command is not None:
            output, complaints, code = _count(guest, shell, process.command)
            process.stdout.write(output)
            process.stderr.write(complaints)
        else:
            process.stdout.write(GREETING)
            code = await _talk(guest, shell, process)
    except (asyncssh.Error, OSError):
        pass  # the person's connection broke
    guest.terminals.discard(process)
    process.exit(code)


async def _write_to_terminals(guest: "Running", user: str, process: asyncssh.SSHServerProcess[str]) -> None:
    """Write the line from stdin to that user's open terminals: the one command that comes with a key here (the portal's, for its notices)."""
    line = "".join(c for c in await process.stdin.read(1200) if c.isprintable())
    for terminal in [one for one in guest.terminals if one.get_extra_info("username") == user]:
        terminal.stdout.write(f"\n{line}\n")
        process.stdout.write("told\n")


async def _talk(guest: "Running", shell: Shell, process: asyncssh.SSHServerProcess[str]) -> int:
    code = 0
    prompts = process.get_terminal_type() is not None
    if prompts:
        guest.terminals.add(process)
    while not shell.leaving:
        if prompts:
            process.stdout.write(shell.prompt)
        try:
            line = await process.stdin.readline()
        except asyncssh.BreakReceived:
            process.stdout.write("\n")
            continue
        except asyncssh.TerminalSizeChanged:
            continue
        if not line:
            break
        output, complaints, code = _count(guest, shell, line)
        process.stdout.write(output)
        (process.stdout if prompts else process.stderr).write(complaints)
    return code


def _count(guest: "Running", shell: Shell, line: str) -> tuple[str, str, int]:
    started = time.perf_counter()
    output, complaints, code = shell.run(line)
    guest.counters.cpu_seconds += time.perf_counter() - started
    guest.counters.nic_rx_bytes += len(line)
    guest.counters.nic_tx_bytes += len(output) + len(complaints)
    return output, complaints, code

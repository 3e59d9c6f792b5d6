"""`python -m bench.terminal_guest --port N --host-key FILE --person LINE`: one sshd for all guests of bench.terminals.

Its shell says each byte back. `yes` prints without an end until Ctrl-C, and `fill` more than a ring keeps.
"""

import argparse
import asyncio
from typing import Any

import asyncssh

PROMPT = b"$ "
STOPPED = b"^C\r\n" + PROMPT
PIECE = b"y\r\n" * 5000
RING = b"a line of some length, as programs print them\r\n" * 6800  # 320 KB


class Guest(asyncssh.SSHServer):
    """`person`: the public line that may come in."""

    def __init__(self, person: str) -> None:
        self.person = asyncssh.import_public_key(person)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key == self.person

    def session_requested(self) -> Any:
        return Shell()


class Shell(asyncssh.SSHServerSession[bytes]):
    def __init__(self) -> None:
        self.pours = self.is_full = False

    def connection_made(self, chan: Any) -> None:
        self.chan = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        asyncio.get_running_loop().call_soon(self.chan.exit, 127)  # there is no tmux
        return True

    def shell_requested(self) -> bool:
        asyncio.get_running_loop().call_soon(self.chan.write, PROMPT)
        return True

    def data_received(self, data: bytes, datatype: Any) -> None:
        if b"\x03" in data:
            self.pours = False
            self.chan.write(STOPPED)
        elif data == b"yes\r":
            self.pours = True
            self._pour()
        else:
            self.chan.write(RING if data == b"fill\r" else data)

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        self._pour()

    def _pour(self) -> None:
        if self.pours and not self.is_full:
            self.chan.write(PIECE)
            asyncio.get_running_loop().call_soon(self._pour)


async def serve(port: int, host_key: str, person: str) -> None:
    await asyncssh.listen(
        "127.0.0.1", port, backlog=1000, server_factory=lambda: Guest(person), server_host_keys=[host_key],
        encoding=None, line_editor=False, login_timeout=60,
    )  # fmt: skip
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="Guests of bench.terminals.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host-key", required=True)
    parser.add_argument("--person", required=True)
    wanted = parser.parse_args()
    asyncio.run(serve(wanted.port, wanted.host_key, wanted.person))


if __name__ == "__main__":
    main()

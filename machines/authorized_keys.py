"""Put keys into a guest's authorized_keys and take them out, in a session that is open already. Nothing but POSIX sh and BusyBox's tools.

The script comes over stdin and its arguments on the command line, so that no login shell unpacks more than words in quotes.
"""

import contextlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.names import ascii_name
from machines.terminal_lines import one_line

if TYPE_CHECKING:
    import asyncssh

DONE, FAILED = "minga:done", "minga:failed"
MOST_READ = 1_000_000  # characters of what a guest says: its login shell may have much to say before the script runs
KEPT = 4000  # the last of them
LONGEST_WHY = 120
# The new file is written beside the old one and then takes its name: a full disk, or a connection that breaks, leaves the old one whole.
# Whoever keeps the file read-only, or leads it elsewhere by a link, means it.
SCRIPT = r"""
umask 077
main() {
    cd && mkdir -p .ssh && chmod 700 .ssh || return 1
    file=.ssh/authorized_keys
    [ -L "$file" ] && file=$(readlink -f "$file")
    [ -e "$file" ] || { true > "$file" || return 1; }
    [ -f "$file" ] || { echo "$file is not a file"; return 1; }
    [ -w "$file" ] || { echo "$file is read-only"; return 1; }
    verb=$1; shift
    for key do
        blob=${key#* }; blob=${blob%% *}
        [ -n "$blob" ] || return 1
        line="^[[:space:]]*[^#[:space:]].*$blob"  # a # begins a comment only where it comes first
        case $verb in
        put)
            grep -q "$line" "$file" && continue
            { cat "$file" && { [ -z "$(tail -c 1 "$file")" ] || echo; } && printf '%s\n' "$key"; } > "$file.minga" || return 1
            ;;
        take)
            grep -v "$line" "$file" > "$file.minga"
            [ $? -lt 2 ] || return 1
            ;;
        *) return 1 ;;
        esac
        mv "$file.minga" "$file" || return 1
    done
    chmod 600 "$file"
}
if main "$@" 2>&1; then echo; echo minga:done; else rm -f "$file.minga"; echo; echo minga:failed; fi
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Say whether the guest did it; `why` are its own last words where it did not."""

    done: bool
    why: str = ""


def line_of(public_key: str, name: str) -> str:
    """Return the line for a person's key: its name is the comment, as far as it is plain."""
    return f"{public_key} {ascii_name(name) or 'minga'}"


async def put(connection: "asyncssh.SSHClientConnection", lines: Sequence[str]) -> Outcome:
    """Add the lines whose keys are not in it yet."""
    return await _run(connection, "put", lines)


async def take(connection: "asyncssh.SSHClientConnection", lines: Sequence[str]) -> Outcome:
    """Remove the lines with these keys, whatever stands before and behind them; comments stay."""
    return await _run(connection, "take", lines)


async def _run(connection: "asyncssh.SSHClientConnection", verb: str, lines: Sequence[str]) -> Outcome:
    import asyncssh

    command = " ".join(["sh -s --", verb, *map(shlex.quote, lines)])
    process = await connection.create_process(command, stderr=asyncssh.STDOUT, request_pty=False, errors="replace")
    with contextlib.suppress(OSError):  # a guest that runs another command may not read it
        process.stdin.write(SCRIPT)
        process.stdin.write_eof()
    said, read = "", 0
    while read < MOST_READ and DONE not in said and FAILED not in said:
        if not (more := await process.stdout.read(KEPT)):
            break
        said, read = (said + more)[-2 * KEPT :], read + len(more)
    process.close()
    return _read(said)


def _read(said: str) -> Outcome:
    words = [one_line(line) for line in said.splitlines()]
    if DONE in words:
        return Outcome(done=True)
    why = next((line for line in reversed(words) if line and line != FAILED), "")
    return Outcome(done=False, why=why[:LONGEST_WHY])

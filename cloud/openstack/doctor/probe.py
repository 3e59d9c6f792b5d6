"""Find out which addresses and ports answer a guest: write a script for its first boot, and read its output on the console.

The console needs no key, no login and no way to the guest. The tools are what small images have: nc, else bash, else Python.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

Target = tuple[str, int]  # address, port
SELF: Target = ("127.0.0.1", 22)  # answers in every guest: that shows that the tools work
LINE = re.compile(r"minga-probe: (open|end) (\S+)(?: (\d+))?")
CONSOLES = ("/dev/console", "/dev/ttyS0", "/dev/hvc0")
AT_ONCE = 8
LEAST_SECONDS = 90.0  # until the script is run
TURN_SECONDS = 6.0  # for AT_ONCE targets, of which each takes 3 s where nothing answers
SCRIPT = """\
#!/bin/sh
# Minga: which of the cloud's services does a machine reach?
answers() {{
    if command -v nc; then
        timeout 12 nc -w 3 "$1" "$2"
        # Something that keeps the line open is cut off by timeout: 124, or 143.
        case $? in 0 | 124 | 143) return 0 ;; *) return 1 ;; esac
    elif command -v bash; then
        timeout 4 bash -c "exec 3<> /dev/tcp/$1/$2"
    else
        python3 -c "import socket; socket.create_connection(('$1', $2), 3)"
    fi
}} > /dev/null 2>&1 < /dev/null
found="$(mktemp)"
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    answers {self} && break
    sleep 1
done
count=0
while read -r address port; do
    {{ answers "$address" "$port" && echo "minga-probe: open $address $port" >> "$found"; }} &
    count=$((count + 1))
    [ $((count % {at_once})) -ne 0 ] || wait
done << 'END'
{targets}
END
wait
echo "minga-probe: end $count" >> "$found"
for console in {consoles}; do
    [ -w "$console" ] && cat "$found" > "$console"
done 2> /dev/null
rm -f "$found"
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """The addresses and ports that answered the guest."""

    answered: frozenset[Target]

    @property
    def is_of_use(self) -> bool:
        """Return whether the image has a tool for the trial."""
        return SELF in self.answered


def script(targets: Iterable[Target], *, own: Target = SELF, consoles: Iterable[str] = CONSOLES) -> str:
    lines = "\n".join(f"{address} {port}" for address, port in sorted({own, *targets}))
    return SCRIPT.format(self=f"{own[0]} {own[1]}", targets=lines, at_once=AT_ONCE, consoles=" ".join(consoles))


def patience(count: int) -> float:
    """Return the seconds after which the script, with so many targets, is taken for dead."""
    return LEAST_SECONDS + count / AT_ONCE * TURN_SECONDS


def read(console: str) -> Heard | None:
    """Read the script's output. None: the script has not finished."""
    lines = LINE.findall(console)
    if not any(word == "end" for word, _address, _port in lines):
        return None
    return Heard(frozenset((address, int(port)) for word, address, port in lines if word == "open" and port))

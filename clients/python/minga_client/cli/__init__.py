"""The command line `minga`. Each command imports what it needs when it runs, so that `--help` and completion start quickly."""

import sys

# Exit codes; argparse has 2 for a wrong command line.
REFUSED, UNREACHABLE, NOT_SIGNED_IN, OTHER_SERVER, INTERRUPTED = 1, 3, 4, 5, 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Return its exit code; what went wrong is one sentence on stderr."""
    try:
        from . import run

        return run.run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # before a command has begun
        return INTERRUPTED

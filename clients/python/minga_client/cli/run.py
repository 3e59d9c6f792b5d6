"""Run a command, and turn what goes wrong into one sentence and an exit code."""

import os
import sys
from importlib import import_module
from io import TextIOWrapper

from ..errors import MingaError, NotSignedIn, OtherServer, Refused, Unreachable
from . import INTERRUPTED, NOT_SIGNED_IN, OTHER_SERVER, REFUSED, UNREACHABLE
from .output import printable

CODES: tuple[tuple[type[MingaError], int], ...] = (
    (Unreachable, UNREACHABLE),
    (NotSignedIn, NOT_SIGNED_IN),
    (OtherServer, OTHER_SERVER),
    (MingaError, REFUSED),
)
ENDED = "This token is not valid (any more)."


def run(arguments: list[str]) -> int:
    _make_streams_whole()
    try:
        _run_command(arguments)
        sys.stdout.flush()
        return 0
    except MingaError as error:
        return _failed(printable(_with_help(error)), next(code for kind, code in CODES if isinstance(error, kind)))
    except BrokenPipeError:  # `minga ls | head`: who reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return REFUSED
    except OSError as error:
        return _failed(f"{error.filename or 'The output'}: {error.strerror or error}.", REFUSED)
    except (KeyboardInterrupt, EOFError):
        return _failed("Interrupted.", INTERRUPTED)


def _make_streams_whole() -> None:
    """Open what was closed (`minga ls >&-`), lest a connection takes its number; and print what a terminal cannot show as `?`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))  # the lowest free number
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _run_command(arguments: list[str]) -> None:
    if arguments[:1] == ["__complete"]:
        from .completion import candidates

        print("\n".join(candidates(arguments[1:])))
        return
    from .parser import parse

    try:
        args = parse(arguments)
    finally:  # --help has printed and raises SystemExit: a reader who is gone must be noticed before that
        sys.stdout.flush()
    module, function = args.function.split(".")
    getattr(import_module(f".{module}", __package__), function)(args)


def _failed(sentence: str, code: int) -> int:
    try:
        print(f"minga: {sentence}", file=sys.stderr)
    except OSError:  # nobody can read it; a script still gets the code
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return code


def _with_help(error: MingaError) -> str:
    """Add to the sentence what the person can do about it."""
    if isinstance(error, NotSignedIn):
        is_old = error.code == "authentication_failed"  # the portal's sentence tells programs how to get a token
        return f"{ENDED if is_old else error} Sign in with: minga login"
    return " ".join([str(error), *error.ways_out]) if isinstance(error, Refused) else str(error)

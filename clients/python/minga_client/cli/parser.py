"""The commands of the command line in one table, and the parser made of it."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

AddArgument = Callable[[ArgumentParser], object]
EXIT_CODES = """exit codes: 0 done, 1 refused, 2 wrong command line, 3 nobody answers, 4 not signed in,
5 no Minga or one of another version, 130 interrupted"""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its line of help, the function that does it (module.function), and its arguments."""

    help: str
    function: str
    arguments: tuple[AddArgument, ...] = ()


def _machine(parser: ArgumentParser) -> object:
    return parser.add_argument("machine", metavar="MACHINE", help="its name or its id")


def _optional_machine(parser: ArgumentParser) -> object:
    return parser.add_argument(
        "machine", nargs="?", default="", metavar="MACHINE", help="its name or its id; not needed if you have one only"
    )


def _json(parser: ArgumentParser) -> object:
    return parser.add_argument("--json", action="store_true", help="answer as JSON")


def _wait(parser: ArgumentParser) -> None:
    parser.add_argument("-w", "--wait", action="store_true", help="return when it is so")
    parser.add_argument("--timeout", type=_seconds, default=900.0, metavar="SECONDS", help="wait no longer (900)")


def _seconds(text: str) -> float:
    """Return a time to wait. `nan` would never be over."""
    with suppress(ValueError):
        if (seconds := float(text)) >= 0:
            return seconds
    raise ArgumentTypeError(f"“{text}” is no number of seconds")


def _yes(parser: ArgumentParser) -> object:
    return parser.add_argument("-y", "--yes", action="store_true", help="do not ask whether you are sure")


def _port(parser: ArgumentParser) -> object:
    return parser.add_argument("port", type=int, metavar="PORT", help="the port inside the machine")


def _argument(name: str, text: str, **more: object) -> AddArgument:
    return lambda parser: parser.add_argument(name, help=text, **more)  # type: ignore[arg-type]


def _verb(about: str, *takes: AddArgument, ends: str, verb: str = "", among: tuple[str, ...] = ()) -> Command:
    """Return the command of a verb of the API.

    ends: the state for which --wait waits. verb: the API's word, where it is another than the command's. among: the states of a machine
    that may be meant without its name; none is any.
    """

    def facts(parser: ArgumentParser) -> None:
        parser.set_defaults(ends=ends, verb=verb, among=among)

    return Command(about, "machines.act", (_optional_machine, _wait, _json, facts, *takes))


COMMANDS: dict[str, Command] = {
    "login": Command("sign in at a portal, in your browser", "account.login", (
        _argument("url", "address of the portal, https://labs.example.org", nargs="?", default="", metavar="URL"),
        _argument("--token", "instead of a browser: ask for a token made on the page Account, or read it from a pipe", action="store_true"),
    )),
    "logout": Command("revoke the token and forget it", "account.logout"),
    "whoami": Command("tell who you are, and where", "account.whoami", (_json,)),
    "quota": Command("tell what you have and may have", "account.quota", (_json,)),
    "keys": Command("list your SSH keys, add or remove one", "account.keys", (
        _argument("--add", "file of a public key", metavar="FILE", default=""),
        _argument("--remove", "number of a key", metavar="ID", type=int), _json,
    )),
    "templates": Command("list what you can launch", "machines.templates", (_json,)),
    "ls": Command("list your machines", "machines.ls", (
        _argument("--state", "running, suspended, …; several with commas between", default="", metavar="STATE"),
        _argument("--bin", "those in the recycle bin", action="store_true"),
        _argument("--all", "everybody's (for administrators)", action="store_true"), _json,
    )),
    "show": Command("tell all about a machine", "machines.show", (_optional_machine, _json)),
    "log": Command("tell what happened to a machine, newest first", "machines.log", (_optional_machine, _json)),
    "launch": Command("make a machine", "machines.launch", (
        _argument("template", "see minga templates", metavar="TEMPLATE"), _argument("--name", "its name", default=""), _wait, _json,
    )),
    "ssh": Command("sign in to a machine; a sleeping one is woken", "ssh.ssh", (
        _argument("machine", "its name or its id", nargs="?", default="", metavar="MACHINE"),
        _argument("rest", "options and a command for ssh", nargs="...", metavar="…"),
    )),
    "open": Command("give a port of a machine a public address", "ports.open_", (
        _port, _optional_machine, _argument("--scheme", "http, https, tcp or vnc (http)", default="http", choices=("http", "https", "tcp", "vnc", "ssh")),
        _argument("--allow", "network that may come in; may be said more than once", action="append", default=[], metavar="NETWORK"), _json,
    )),
    "close": Command("take the public address away again", "ports.close", (_port, _optional_machine)),
    "ports": Command("list the public addresses of a machine", "ports.ports", (_optional_machine, _json)),
    "sleep": _verb("put a machine to sleep", verb="suspend", ends="suspended", among=("running",)),
    "wake": _verb("wake a machine", ends="running", among=("suspended", "suspending", "shelved", "shelving")),
    "shelve": _verb("put a machine away: it keeps its disk and gives its memory back", ends="shelved"),
    "archive": _verb("keep a machine's disk only", ends="archived"),
    "restore": _verb("bring an archived machine back, or one from the recycle bin", ends="running", among=("archived",)),
    "restart": _verb("restart a machine", ends="running"),
    "reset": _verb("begin again from the template: the disk is lost", _yes, ends="running"),
    "rename": Command("give a machine another name", "machines.rename", (_machine, _argument("name", "the new name", metavar="NAME"), _json)),
    "rm": Command("put a machine into the recycle bin, or delete it for good", "machines.rm", (
        _machine, _argument("--now", "delete it for good, with its disk", action="store_true"), _yes, _wait, _json,
    )),
    "completion": Command("print a script that completes commands and names in your shell", "completion.script", (
        _argument("shell", "bash, zsh or fish", choices=("bash", "zsh", "fish"), metavar="SHELL"),
    )),
}  # fmt: skip


def parse(arguments: list[str]) -> Namespace:
    """Read the command line. Ends the program with 2 where it is wrong. What follows the machine of `ssh` is for ssh alone."""
    args = parser().parse_args(arguments)
    if args.function == "ssh.ssh" and args.machine.startswith("-"):
        raise SystemExit("minga: the machine comes first, then what is for ssh")
    return args


def parser() -> ArgumentParser:
    top = ArgumentParser(
        "minga", description="Your machines at Minga.", epilog=EXIT_CODES, formatter_class=RawDescriptionHelpFormatter
    )
    top.add_argument("--version", action="version", version=f"minga {_version()}")
    below = top.add_subparsers(metavar="COMMAND", required=True, dest="command")
    for name, command in COMMANDS.items():
        part = below.add_parser(name, help=command.help, description=f"{command.help[0].upper()}{command.help[1:]}.")
        fill(part, command)
    return top


def fill(part: ArgumentParser, command: Command) -> ArgumentParser:
    part.set_defaults(function=command.function)
    for add in command.arguments:
        add(part)
    return part


def _version() -> str:
    from .. import __version__

    return __version__

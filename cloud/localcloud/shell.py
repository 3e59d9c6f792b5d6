"""The simulated guest's shell: honest about what it is, and never in touch with the host."""

import posixpath
import shlex
import time
from collections.abc import Callable
from datetime import UTC, datetime

from cloud.localcloud.simulated_files import FileError, SimulatedFiles

GREETING = (
    "\nThis is a SIMULATED machine: it answers SSH for real, but no real computer runs behind it.\n"
    "Type help to see what it can do.\n\n"
)
COMMANDS = "cat cd date echo exit help hostname id ls pwd rm uptime whoami"
HELP = f"A simulated machine. It knows: {COMMANDS}. Write to a file with: echo text > /tmp/file\n"


class Shell:
    """A session in a simulated guest; `leaving` is set once the person typed exit."""

    def __init__(
        self, files: SimulatedFiles, hostname: str, user: str, started_at: float, changed: Callable[[], None]
    ) -> None:
        self.files = files
        self.hostname = hostname
        self.user = user
        self.home = "/root" if user == "root" else f"/home/{user}"
        self.folder = self.home
        self.started_at = started_at
        self.changed = changed
        self.leaving = False

    @property
    def prompt(self) -> str:
        place = "~" if self.folder == self.home else self.folder
        return f"{self.user}@{self.hostname} (simulated):{place}$ "

    def run(self, line: str) -> tuple[str, str, int]:
        """Output, complaints and exit code of the commands in a line, separated by ; and && and newlines."""
        output, complaints, code = "", "", 0
        for command, only_after_success in _commands(line):
            if only_after_success and code:
                continue
            text, code = self._one(command)
            output, complaints = (output, complaints + text) if code else (output + text, complaints)
            if self.leaving:
                break
        return output, complaints, code

    def _one(self, words: list[str]) -> tuple[str, int]:
        words, target, append = _redirection(words)
        try:
            text, code = self._command(words)
            if target:
                self.files.write(self._path(target), text, append=append)
                self.changed()
                text = ""
        except FileError as trouble:
            return f"{words[0] if words else 'sh'}: {trouble}\n", 1
        return text, code

    def _command(self, words: list[str]) -> tuple[str, int]:
        if not words:
            return "", 0
        known = getattr(self, f"_{words[0]}", None) if words[0] in COMMANDS.split() else None
        if known is None:
            return f"{words[0]}: not found. This machine is simulated; type help to see what it can do.\n", 127
        text: str = known(words[1:])
        return text, 0

    def _path(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self.folder, name.replace("~", self.home, 1)))

    def _help(self, words: list[str]) -> str:
        return HELP

    def _echo(self, words: list[str]) -> str:
        if words[:1] == ["-n"]:
            return " ".join(words[1:])
        return " ".join(words) + "\n"

    def _cat(self, words: list[str]) -> str:
        return "".join(self.files.read(self._path(name)) for name in words)

    def _ls(self, words: list[str]) -> str:
        paths = [word for word in words if not word.startswith("-")] or ["."]
        return "".join(f"{name}\n" for path in paths for name in self.files.names(self._path(path)))

    def _rm(self, words: list[str]) -> str:
        for name in words:
            self.files.remove(self._path(name))
        self.changed()
        return ""

    def _cd(self, words: list[str]) -> str:
        path = self._path(words[0] if words else self.home)
        if not self.files.is_folder(path):
            raise FileError(f"{path}: No such directory")
        self.folder = path
        return ""

    def _pwd(self, words: list[str]) -> str:
        return f"{self.folder}\n"

    def _hostname(self, words: list[str]) -> str:
        return f"{self.hostname}\n"

    def _whoami(self, words: list[str]) -> str:
        return f"{self.user}\n"

    def _id(self, words: list[str]) -> str:
        number = 0 if self.user == "root" else 1000
        return f"uid={number}({self.user}) gid={number}({self.user})\n"

    def _date(self, words: list[str]) -> str:
        return f"{datetime.now(UTC):%a %b %e %H:%M:%S UTC %Y}\n"

    def _uptime(self, words: list[str]) -> str:
        return f"up {int(time.time() - self.started_at)} seconds (simulated)\n"

    def _exit(self, words: list[str]) -> str:
        self.leaving = True
        return ""


def _commands(line: str) -> list[tuple[list[str], bool]]:
    """Return each command's words, and whether it runs only after a success."""
    lexer = shlex.shlex(line.replace("\n", " ; "), posix=True, punctuation_chars=";&>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[tuple[list[str], bool]] = [([], False)]
    try:
        for word in lexer:
            if set(word) <= {";", "&"}:
                found.append(([], word == "&&"))
            else:
                found[-1][0].append(word)
    except ValueError:
        return [(["unclosed-quote"], False)]
    return [(words, after) for words, after in found if words]


def _redirection(words: list[str]) -> tuple[list[str], str, bool]:
    """Return the words before `>` or `>>`, the file after it, and whether to append."""
    for sign in (">>", ">"):
        if sign in words[:-1]:
            place = words.index(sign)
            return words[:place] + words[place + 2 :], words[place + 1], sign == ">>"
    return words, "", False

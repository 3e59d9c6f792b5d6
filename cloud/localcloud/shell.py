"""The simulated guest's shell: enough to see that a machine is reached and keeps its files. Never in touch with the host."""

import posixpath
import shlex
from collections.abc import Callable

from cloud.localcloud.simulated_files import FileError, SimulatedFiles

GREETING = (
    "\nThis is a SIMULATED machine: it answers SSH for real, but no real computer runs behind it.\n"
    "Type help to see what it can do.\n\n"
)
COMMANDS = "cat echo exit help hostname whoami"
HELP = f"A simulated machine. It knows: {COMMANDS}. Write to a file with: echo text > /tmp/file\n"
LONGEST = 64_000  # characters of a line: to take it apart costs time that grows with their square
UNKNOWN = "This machine is simulated; type help to see what it can do."


class Shell:
    """A session in a simulated guest; `leaving` is set once the person typed exit."""

    def __init__(self, files: SimulatedFiles, hostname: str, user: str, changed: Callable[[], None]) -> None:
        self.files = files
        self.hostname = hostname
        self.user = user
        self.home = "/root" if user == "root" else f"/home/{user}"
        self.changed = changed  # called after each write to the files
        self.leaving = False

    @property
    def prompt(self) -> str:
        return f"{self.user}@{self.hostname} (simulated):~$ "

    def run(self, line: str) -> tuple[str, str, int]:
        """Run the commands of a line, separated by ; and newlines. Return output, complaints, and the last one's exit code."""
        if len(line) > LONGEST:
            return "", f"sh: a line may have {LONGEST} characters, and this one has {len(line)}. {UNKNOWN}\n", 2
        output, complaints, code = "", "", 0
        for words in _commands(line):
            text, code = self._one(words)
            output, complaints = (output, complaints + text) if code else (output + text, complaints)
            if self.leaving:
                break
        return output, complaints, code

    def _one(self, words: list[str]) -> tuple[str, int]:
        """Run a command, perhaps with `> FILE` after it. Return its output, or its complaint with a code that is not 0."""
        words, target = (words[:-2], words[-1]) if ">" in words[-2:-1] else (words, "")
        if unknown := [word for word in words if word and set(word) <= set("<>&|")]:
            return f"{unknown[0]}: not understood. {UNKNOWN}\n", 2
        try:
            text, code = self._command(words or ["cat"])
            if not target:
                return text, code
            self.files.write(self._path(target), text)
        except FileError as trouble:
            return f"{words[0] if words else 'sh'}: {trouble}\n", 1
        self.changed()
        return "", code

    def _command(self, words: list[str]) -> tuple[str, int]:
        match words:
            case ["cat", *names]:
                return "".join(self.files.read(self._path(name)) for name in names), 0
            case ["echo", *rest]:
                return " ".join(rest) + "\n", 0
            case ["exit", *_]:
                self.leaving = True
                return "", 0
            case ["help", *_]:
                return HELP, 0
            case ["hostname", *_]:
                return f"{self.hostname}\n", 0
            case ["whoami", *_]:
                return f"{self.user}\n", 0
        return f"{words[0]}: not found. {UNKNOWN}\n", 127

    def _path(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self.home, name.replace("~", self.home, 1)))


def _commands(line: str) -> list[list[str]]:
    """Return the words of each command of a line."""
    lexer = shlex.shlex(line.replace("\n", " ; "), posix=True, punctuation_chars=";<>&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word and set(word) == {";"}:
                found.append([])
            else:
                found[-1].append(word)
    except ValueError:
        return [["unclosed-quote"]]
    return [words for words in found if words]

"""The page of a machine's terminal, as whoever signed in sees it, and the parts of Minga that are killed below it."""

import contextlib
import re

from playwright.sync_api import expect

from tests.journeys.stack import Stack, wait_for
from tests.journeys.visitor import Visitor
from tests.waiting import PATIENCE

NEW_SHELL = "This is a new terminal."
ANSWER_MS = 10_000
OPEN_MS = 180_000  # an emulated guest may be said to run before its sshd listens


class TerminalView:
    """The first terminal of the one machine that a person has, opened from their first page."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.page.locator("[id^=terminal-]").first.click()
        self.is_open()

    def is_open(self) -> None:
        expect(self.page.locator("#line-state")).to_have_text("Connected", timeout=OPEN_MS)

    def runs(self, command: str, shows: str) -> None:
        self.type(f"{command}\n")
        self.shows(shows)

    def type(self, text: str) -> None:
        self.page.locator(".xterm-helper-textarea").first.focus()
        self.page.keyboard.type(text)

    def shows(self, words: str) -> None:
        expect(self.page.locator(".xterm-rows").first).to_contain_text(words)

    def sets(self) -> None:
        """Give the shell something by which it is known again."""
        self.runs("HERE=$((6*7)); echo [$HERE]", "[42]")

    def is_the_same(self, mark: str) -> None:
        """Ask the shell until it answers: keys are dropped where the page connects for more than ten seconds."""
        wait_for(lambda: self._answers(f"echo {mark}-[$HERE]\n", f"{mark}-[42]"), PATIENCE, "the same shell answers")

    def _answers(self, typed: str, words: str) -> bool:
        self.is_open()
        self.type(typed)
        with contextlib.suppress(AssertionError):
            expect(self.page.locator(".xterm-rows").first).to_contain_text(words, timeout=ANSWER_MS)
            return True
        return False

    def is_another_and_says_so(self) -> None:
        expect(self.page.locator("#line-note")).to_contain_text(NEW_SHELL, timeout=OPEN_MS)
        self.runs("echo new-[$HERE]", "new-[]")

    def floods_and_is_stopped(self) -> None:
        self.type("yes\n")
        expect(self.page.locator(".xterm-rows").first).to_have_text(re.compile(r"(y\s*){10}"))
        self.page.keyboard.press("Control+c")
        self.runs("echo calm-$((6*7))", "calm-42")


def kill(stack: Stack, part: str) -> None:
    """kill -9. Return when the supervisor has started another."""
    killed = stack.pid(part)
    assert stack.kill(part)
    wait_for(lambda: stack.pid(part) not in (None, killed), PATIENCE, f"another {part}")
    stack.whole()

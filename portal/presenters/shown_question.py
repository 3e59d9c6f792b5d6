"""A question about an idle machine, as its owner's pages show it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from machines.idle import durations, question_text, questions
from machines.idle.question_text import Offer
from machines.models import Answer, Question

DAY = timedelta(days=1)
DIRECT = frozenset({*durations.KEEPING, Answer.Choice.KEEP} - {Answer.Choice.JOB})


@dataclass
class ShownQuestion:
    """A question with its countdown and its answers, in the language of the page."""

    row: Question
    now: datetime
    held: timedelta | None = None  # see question_text.offered

    @property
    def asks(self) -> str:
        return question_text.asks(self.row)

    @property
    def deadline(self) -> str:
        return question_text.deadline(self.row, self.now)

    @property
    def meaning(self) -> str:
        return question_text.meaning(self.row)

    @property
    def loses(self) -> bool:
        """Say whether something is lost without an answer."""
        return self.row.kind == Question.Kind.DELETE

    @property
    def loss(self) -> str:
        return question_text.loss() if self.loses else ""

    @cached_property
    def seconds_left(self) -> int:
        """Return the length of the countdown; 0 for what is days ahead, and for what is over."""
        left = questions.earliest_end(self.row, self.now) - self.now
        counts = self.row.kind == Question.Kind.SLEEP and timedelta(0) < left < DAY
        return int(left.total_seconds()) if counts else 0

    @cached_property
    def offered(self) -> list[Offer]:
        return question_text.offered(self.row, self.now, self.held)

    @property
    def primary(self) -> Offer:
        """The answer that is expected."""
        return self.offered[0]

    @property
    def direct(self) -> list[Offer]:
        """The answers that have a button at once: those for a fixed time, and to keep it."""
        return [offer for offer in self.offered if offer.choice in DIRECT]

    @property
    def rest(self) -> list[Offer]:
        """All answers but the expected one."""
        return self.offered[1:]

    @property
    def others(self) -> list[Offer]:
        """The answers that have no button at once."""
        return [offer for offer in self.offered if offer.choice not in DIRECT]

    @property
    def version(self) -> object:
        """A value that changes when it must be redrawn."""
        return self.row.pk, self.row.ends_at, self.offered

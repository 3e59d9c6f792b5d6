"""Log lines: one record is one line, says what it is about, and gives no secret away.

What a line is about (a request, a machine, a task) is said once, around the work, with `about`; every line that is
written inside carries it, also those of libraries.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from lib.pool import is_exhausted

FORMATS = ("text", "json")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=MappingProxyType({}))
HIDDEN = "***"
# Characters: of a fact (a stranger chooses the path, up to 64 kB of it), and of a message or a row of a trace, which may quote one.
LONGEST_FACT, LONGEST_LINE = 300, 4_000
# The second lock: nothing of ours logs a secret, but a library's message or an exception's text may quote one.
# A visitor chooses the path that is logged, 64 kB of it: no pattern begins with a repetition, and what follows a word is bounded, so that
# the time grows with the length of the line and not with its square.
_SECRETS = (
    re.compile(
        r"(?i)(\b(?:proxy-)?authorization\b['\"]?\s*[:=]\s*['\"]?(?:(?:bearer|basic|token)\s+)?)[^\s'\",;)}\]]+"
    ),
    re.compile(r"(?i)(\bbearer\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(?i)(\bx-(?:auth|subject|service)-token\b['\"]?\s*[:=]\s*['\"]?)[^\s'\",;)}\]]+"),
    re.compile(r"(?i)((?:password|passwd|secret|token|sessionid)[\w-]{0,60}['\"]?\s*=\s*['\"]?)[^\s'\",;&)}\]]+"),
    re.compile(r"(?i)((?:password|passwd|secret|token|sessionid)[\w-]{0,60}['\"]\s*:\s*b?['\"])[^'\"]+"),
    re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+(?=@)"),  # scheme://user:password@host
    re.compile(
        r"(/(?:reset/key|confirm-email)/|/asks/\d+-\w+\.|/notices/unsubscribe/\d+-[\w.]+\.)[^/\s]+"
    ),  # a link from a mail lets in whoever has it
)
# What would end a line, or paint the terminal of whoever reads it.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
_CONTROLS |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Lines written inside carry these facts; an empty one says nothing.

    An exception that leaves takes them along: it is logged further out.
    """
    now = {**_about.get(), **{name: str(fact) for name, fact in facts.items() if fact}}
    told = _about.set(now)
    try:
        yield
    except Exception as error:
        _carry(error, now)
        raise
    finally:
        _about.reset(told)


def _carry(error: Exception, facts: Mapping[str, str]) -> None:
    if not hasattr(error, "about"):
        error.about = facts  # type: ignore[attr-defined]


def begin(**facts: object) -> None:
    """From here on, lines carry these facts and no others: for where an end and a beginning are two calls."""
    _about.set({name: str(fact) for name, fact in facts.items() if fact})


def known(name: str) -> str:
    """What the present work is about, or an empty text."""
    return _about.get().get(name, "")


def cut(text: str, most: int = LONGEST_FACT) -> str:
    """What is too long by its beginning, and how long it was; no longer than `most`, so that nothing is cut twice."""
    mark = f"… (cut, {len(text)} characters)"
    return text if len(text) <= most else text[: most - len(mark)] + mark


def scrubbed(text: str) -> str:
    for secret in _SECRETS:
        text = secret.sub(rf"\1{HIDDEN}", text)
    return text


class AboutFilter(logging.Filter):
    """On a handler: a record remembers what it is about. Django's own lines quote the path, and the Origin, at any length."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.") and isinstance(record.args, tuple):
            record.args = tuple(cut(value) if isinstance(value, str) else value for value in record.args)
        error = record.exc_info[1] if record.exc_info else None
        record.about = {**_about.get(), **getattr(error, "about", {})}
        return True


class BusyFilter(logging.Filter):
    """For Django's logger: write a line, not a trace for each of a thousand requests, when no database connection was free."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and is_exhausted(record.exc_info[1]):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "busy: no database connection was free in time (%s)", (record.getMessage(),)
            record.exc_info = None
        return True


class _Lines(logging.Formatter):
    """What both kinds of lines share."""

    def message(self, record: logging.LogRecord) -> str:
        """Without secrets first: half of one would not be known for what it is."""
        return cut(scrubbed(record.getMessage()), LONGEST_LINE)

    def trace(self, record: logging.LogRecord) -> str:
        """The exception with its way, and the stack where one was asked for."""
        parts = [self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""]
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        rows = scrubbed("\n".join(part for part in parts if part)).split("\n")
        return "\n".join(cut(row, LONGEST_LINE) for row in rows)


class JsonLines(_Lines):
    """One JSON object per line, for programs. Nobody can forge a second line: JSON escapes what would end one.

    `extra={"facts": {...}}` adds the facts of one record, which its message says in words.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
        }
        facts = {**getattr(record, "about", {}), **getattr(record, "facts", {})}
        line |= {name: _plain(fact) for name, fact in facts.items() if name not in line}
        if trace := self.trace(record):
            line["exception"] = trace
        return json.dumps(line)


def _plain(fact: object) -> object:
    return fact if isinstance(fact, (int, float)) else cut(scrubbed(str(fact)))


class TextLines(_Lines):
    """For eyes: time, level, logger, message, [what it is about]. A trace stands indented, so that it cannot pass for a line."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = self.message(record).translate(_CONTROLS)
        facts = getattr(record, "about", {}).items()
        about = " ".join(f"{name}={_plain(fact)}" for name, fact in facts).translate(_CONTROLS)
        line = f"{time} {record.levelname:<7} {record.name}: {message}" + (f" [{about}]" if about else "")
        return "\n    ".join([line, *(row.translate(_CONTROLS) for row in self.trace(record).splitlines())])


# Who says at INFO what happens twice a second, what our own access line says better, or what a request carried.
QUIET = (
    "celery.app.trace", "celery.worker.strategy", "celery.worker.request", "celery.beat", "httpx", "httpcore", "asyncssh", "keystoneauth", "openstack",
    "stevedore", "urllib3", "uvicorn.access", "kombu", "amqp",
)  # fmt: skip
# What a stranger's request brings about, which Django would call an ERROR each time: portal/bad_requests.py warns of it, seldom.
STRANGE = ("DisallowedHost", "TooManyFieldsSent", "TooManyFilesSent", "RequestDataTooBig", "SuspiciousMultipartForm")


def configuration(form: str, level: str) -> dict[str, Any]:
    """For logging.config.dictConfig: everything to standard error, in one form."""
    lines = {"text": TextLines, "json": JsonLines}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": AboutFilter}, "busy": {"()": BusyFilter}},
        "formatters": {"lines": {"()": lines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["about"], "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # These come with handlers of their own, which would write in another form.
            **{name: {"handlers": [], "propagate": True} for name in ("django", "uvicorn", "uvicorn.error")},
            **{name: {"handlers": [], "propagate": True, "level": "WARNING"} for name in QUIET},
            **{f"django.security.{name}": {"level": "CRITICAL"} for name in STRANGE},
            "django.request": {"level": "ERROR", "filters": ["busy"]},  # what was refused is in the access lines
        },
    }

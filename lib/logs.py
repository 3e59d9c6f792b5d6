"""Log lines: one record is one line, names its request, machine or task, and has no secret in it.

`about` sets these facts once, around the work; every line that is written inside carries them, those of libraries too.
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
# In characters. A stranger chooses the path that is logged, up to 64 kB of it; a message or a row of a trace may quote it.
LONGEST_FACT, LONGEST_LINE = 300, 4_000
# A second barrier: our own code logs no secret, but a library's message or an exception's text may quote one.
# No pattern begins with a repetition, and what follows a word is bounded: so the time grows with the length of the line (64 kB of it are
# a visitor's choice), not with its square.
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
        r"(/(?:reset/key|confirm-email|address/prove)/|/asks/\d+-\w+\.|/notices/unsubscribe/d?\d+-[\w.]+\.|/given/(?!again/)|/photos/by-link/|/team/join/)[^/\s]+"
    ),  # a link from a mail lets in whoever has it
    re.compile(
        r"(?i)(/subscription/\?code=|%2Fsubscription%2F%3Fcode%3D)[^\s&\"']+"
    ),  # days of a subscription, for whoever has it
)
# Characters that would end a line or send commands to the reader's terminal.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
_CONTROLS |= {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Add these facts to the lines written inside; empty facts are left out.

    An exception that leaves the block keeps them, because it is logged further out.
    """
    now = {**_about.get(), **{name: str(fact) for name, fact in facts.items() if fact}}
    before = _about.set(now)
    try:
        yield
    except Exception as error:
        _carry(error, now)
        raise
    finally:
        _about.reset(before)


def _carry(error: Exception, facts: Mapping[str, str]) -> None:
    if not hasattr(error, "about"):
        error.about = facts  # type: ignore[attr-defined]


def begin(**facts: object) -> None:
    """Replace all facts from here on: for callers whose begin and end are two calls, such as Celery's signals."""
    _about.set({name: str(fact) for name, fact in facts.items() if fact})


def known(name: str) -> str:
    """Return this fact of the present work, or an empty text."""
    return _about.get().get(name, "")


def cut(text: str, most: int = LONGEST_FACT) -> str:
    """Shorten a text to at most `most` characters, with a note of its length at the end."""
    mark = f"… (cut, {len(text)} characters)"
    return text if len(text) <= most else text[: most - len(mark)] + mark


def scrubbed(text: str) -> str:
    """Return the text with *** in place of each secret."""
    for secret in _SECRETS:
        text = secret.sub(rf"\1{HIDDEN}", text)
    return text


class AboutFilter(logging.Filter):
    """Filter of the handler: store the facts in the record, and cut what Django quotes (path, Origin) at any length."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.") and isinstance(record.args, tuple):
            record.args = tuple(cut(value) if isinstance(value, str) else value for value in record.args)
        error = record.exc_info[1] if record.exc_info else None
        record.about = {**_about.get(), **getattr(error, "about", {})}
        return True


class BusyFilter(logging.Filter):
    """Filter of Django's logger: when no database connection was free, write one line per request instead of a trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and is_exhausted(record.exc_info[1]):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "busy: no database connection was free in time (%s)", (record.getMessage(),)
            record.exc_info = None
        return True


class _Lines(logging.Formatter):
    """Base of both formats."""

    def message(self, record: logging.LogRecord) -> str:
        """Return the message without secrets, then cut: the pattern would not find half of a secret."""
        return cut(scrubbed(record.getMessage()), LONGEST_LINE)

    def trace(self, record: logging.LogRecord) -> str:
        """Return the exception with its trace, and the stack if the record has one."""
        parts = [self.formatException(record.exc_info) if record.exc_info else record.exc_text or ""]
        parts += [self.formatStack(record.stack_info)] if record.stack_info else []
        rows = scrubbed("\n".join(part for part in parts if part)).split("\n")
        return "\n".join(cut(row, LONGEST_LINE) for row in rows)


class JsonLines(_Lines):
    """Format a record as one JSON object, for programs. Nobody can forge a second line: JSON escapes line breaks.

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
    """Format a record for people: time, level, logger, message, [facts]. A trace is indented, so that it cannot pass for a line."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message = self.message(record).translate(_CONTROLS)
        facts = getattr(record, "about", {}).items()
        about = " ".join(f"{name}={_plain(fact)}" for name, fact in facts).translate(_CONTROLS)
        line = f"{time} {record.levelname:<7} {record.name}: {message}" + (f" [{about}]" if about else "")
        return "\n    ".join([line, *(row.translate(_CONTROLS) for row in self.trace(record).splitlines())])


# Loggers whose INFO lines come twice a second, repeat our own access line, or quote what a request carried.
QUIET = (
    "celery.app.trace", "celery.worker.strategy", "celery.worker.request", "celery.beat", "httpx", "httpcore", "asyncssh", "keystoneauth", "openstack",
    "stevedore", "urllib3", "uvicorn.access", "kombu", "amqp",
)  # fmt: skip
# Caused by strangers' requests. Django would log each as an ERROR; portal/bad_requests.py warns of them now and then.
STRANGE = ("DisallowedHost", "TooManyFieldsSent", "TooManyFilesSent", "RequestDataTooBig", "SuspiciousMultipartForm")


def configuration(form: str, level: str) -> dict[str, Any]:
    """Return the settings for logging.config.dictConfig: all lines to standard error, as `form` (of FORMATS), from `level` (of LEVELS) on."""
    lines = {"text": TextLines, "json": JsonLines}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"about": {"()": AboutFilter}, "busy": {"()": BusyFilter}},
        "formatters": {"lines": {"()": lines}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "filters": ["about"], "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # These bring handlers of their own, which would write another format.
            **{name: {"handlers": [], "propagate": True} for name in ("django", "uvicorn", "uvicorn.error")},
            **{name: {"handlers": [], "propagate": True, "level": "WARNING"} for name in QUIET},
            **{f"django.security.{name}": {"level": "CRITICAL"} for name in STRANGE},
            "django.request": {"level": "ERROR", "filters": ["busy"]},  # refused requests are in the access lines
        },
    }

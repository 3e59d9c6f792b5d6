"""Settings from environment variables: what a value may be, its unit, and the sentence that stops the start where it is wrong.

portal/settings_table.py lists them all, portal/settings.py reads them.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

FLAGS = {
    **dict.fromkeys(("on", "true", "yes", "y", "1"), True),
    **dict.fromkeys(("off", "false", "no", "n", "0"), False),
}
SHORTEST_SECONDS, LONGEST_SECONDS = 0.001, 366 * 86400.0
_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
ORIGIN = re.compile(rf"https?://(?:\*\.)?{_HOST}")
ADDRESS = re.compile(rf"https?://{_HOST}(?:/[A-Za-z0-9._~%@:+=&$/-]*)?")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    `right` ends the sentence "NAME must be …". `read` turns the text into the value and raises ValueError, with a reason where it
    helps. `unit` is for the documentation. The value of a secret is never written into a message.
    """

    right: str
    read: Callable[[str], Any]
    unit: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A setting: `doc` is its line of documentation, `default` is written as it would be in .env."""

    name: str
    kind: Kind
    default: str | None  # None: there is no fixed one; `otherwise` says what holds then
    doc: str
    otherwise: str = ""
    example: str = ""  # what .env.example shows where the default shows nothing
    note: str = ""  # a reason or a warning that the line has no room for
    required: bool = False


class Environment:
    """The values of all settings. Raises ImproperlyConfigured with a sentence where one is missing or wrong."""

    def __init__(self, variables: Iterable[Variable], values: Mapping[str, str]) -> None:
        self._variables = {variable.name: variable for variable in variables}
        self._values = values

    def __getitem__(self, name: str) -> Any:
        """Return the value, or the default; None where there is neither."""
        variable = self._variables[name]
        text = self._values.get(name, variable.default)
        if text is None or (variable.required and not text):
            return _missing(variable)
        try:
            return variable.kind.read(text)
        except ValueError as error:
            raise ImproperlyConfigured(_sentence(variable, text, str(error))) from None

    def __contains__(self, name: str) -> bool:
        """Return whether this installation sets the variable itself."""
        return name in self._values

    def refuse_unknown(self, prefix: str) -> None:
        """Stop at a variable with this prefix that is no setting: a misspelled one would do nothing, silently."""
        if unknown := sorted(name for name in self._values if name.startswith(prefix) and name not in self._variables):
            raise ImproperlyConfigured(
                f"There is no setting {', '.join(unknown)}. docs/admin/settings.md lists those there are."
            )


def _missing(variable: Variable) -> None:
    if variable.required:
        raise ImproperlyConfigured(f"{variable.name} is not set. It must be {variable.kind.right}.")


def _sentence(variable: Variable, text: str, reason: str) -> str:
    found = "" if variable.kind.secret else _without_user(f", and is {text!r}")
    because = _without_user(f" ({reason})") if reason else ""
    remedy = "Change it." if variable.required else "Change it or leave it out."
    return f"{variable.name} must be {variable.kind.right}{found}{because}. {remedy}"


def _without_user(text: str) -> str:
    """Hide the user and the password of an address: they do not belong there, but somebody wrote them."""
    return re.sub(r"//\S*@", "//…@", text)


# ---- readers: each raises ValueError ----


def _flag(text: str) -> bool:
    if text.strip().lower() not in FLAGS:
        raise ValueError
    return FLAGS[text.strip().lower()]


def _above_zero(text: str) -> float:
    try:
        value = float(text) if text.isascii() else 0
    except ValueError:
        value = 0
    if not 0 < value < math.inf:
        raise ValueError
    return value


def _seconds(text: str) -> float:
    value = _above_zero(text)
    if not SHORTEST_SECONDS <= value <= LONGEST_SECONDS:
        raise ValueError("more than a year" if value > 1 else "less than a thousandth")
    return value


def _port(text: str) -> int:
    if not _is_whole(text) or not 0 < int(text) < 65536:
        raise ValueError
    return int(text)


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal()  # by itself isdecimal() takes the digits of all scripts


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _networks(text: str) -> list[str]:
    return [str(ip_network(part)) for part in _parts(text)]


def _hosts(text: str) -> list[str]:
    if wrong := [part for part in _parts(text) if "/" in part]:
        raise ValueError(f"{wrong[0]} is an address, not a name")
    return _parts(text)


def _origins(text: str) -> list[str]:
    if wrong := [part for part in _parts(text) if not part.startswith(("http://", "https://"))]:
        raise ValueError(f"{wrong[0]} does not begin with https://")
    if wrong := [part for part in _parts(text) if not ORIGIN.fullmatch(part)]:
        raise ValueError(f"{wrong[0]} is not https:// and a name, with nothing behind")
    return _parts(text)


def _address(*schemes: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            raise ValueError from None  # its message may have a piece of a password
        if not parts.hostname:
            raise ValueError("it names no host")
        return text

    return read


def _database(text: str) -> str:
    """Accept what Django can be given: with `#` in a password, too, which urlsplit would stumble over."""
    if not text.startswith(("postgres://", "postgresql://")):
        raise ValueError
    try:
        environ.Env.db_url_config(text)
    except ValueError:
        raise ValueError from None
    return text


def _web_address(text: str) -> str:
    """Accept what may stand in a link, in a header and in the Content-Security-Policy, where `;` and spaces would begin more."""
    if not text:
        return ""
    _address("http", "https")(text)
    if "@" in urlsplit(text).netloc:
        raise ValueError("it names a user")
    if "?" in text or "#" in text:
        raise ValueError("it has a query or a fragment")
    if not ADDRESS.fullmatch(text):
        raise ValueError("it has a character that may not be in it")
    return text.rstrip("/")


def _directory(text: str) -> str:
    return _address("ldap", "ldaps")(text) if text else ""


def _mail_server(text: str) -> dict[str, Any]:
    """Return Django's EMAIL_ settings."""
    try:
        return dict(environ.Env.email_url_config(text))
    except (ImproperlyConfigured, ValueError):
        raise ValueError from None


def _time_zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):
        raise ValueError from None


def _secret_key(text: str) -> str:
    # Whoever guesses it signs in as anybody: sessions, and the links in mails, are signed with it.
    if len(text) < 32 or "change-me" in text:
        raise ValueError("it can be guessed: it is the example's, or too short")
    return text


def _token(text: str) -> str:
    if 0 < len(text) < 16:
        raise ValueError("it is too short to be safe")
    return text


# ---- kinds ----

TEXT = Kind("a text", str)
PATH = Kind("the name of a file or folder", str)
FLAG = Kind("on or off", _flag, "on or off")
SECONDS = Kind("a number of seconds above 0", _seconds, "seconds")
HOSTS = Kind("names of hosts, with commas between: labs.example.org", _hosts, "names, with commas")
ORIGINS = Kind("addresses, with commas between: https://labs.example.org", _origins, "addresses, with commas")
NETWORKS = Kind("networks or addresses, with commas between: 10.0.0.5/32", _networks, "networks (CIDR), with commas")
WEB_ADDRESS = Kind("an address that begins with http:// or https://", _web_address, "address")
LDAP_ADDRESS = Kind("the address of a directory: ldap://ldap.example.org or ldaps://…", _directory, "address")
DATABASE = Kind("the address of a PostgreSQL database: postgres://user@host/name", _database, "address", True)
# memory: Celery's own, where bench/ needs no worker.
REDIS = Kind(
    "the address of a Redis: redis://:password@host:6379/0", _address("redis", "rediss", "memory"), "address", True
)
MAIL_SERVER = Kind(
    "the address of a mail server: smtp+tls://user:password@mail.example.org:587", _mail_server, "address", True
)
TIME_ZONE = Kind("a time zone of the IANA database, such as America/Guayaquil", _time_zone, "time zone")
SECRET_KEY = Kind(
    "a random text of 32 characters or more, by which sessions are signed. Make one: openssl rand -hex 32",
    _secret_key,
    secret=True,
)
TOKEN = Kind("empty, or a random text of 16 characters or more. Make one: openssl rand -hex 32", _token, secret=True)


PORT = Kind("a port, from 1 to 65535", _port, "port")


def number(unit: str) -> Kind:
    """Return the kind of numbers above 0 that count this unit."""
    return Kind(f"a number above 0 ({unit})", _above_zero, unit)


def whole_number(unit: str, *, least: int = 1) -> Kind:
    """Return the kind of whole numbers from `least` that count this unit."""

    def read(text: str) -> int:
        if not _is_whole(text.strip()) or int(text) < least:
            raise ValueError
        return int(text)

    return Kind(f"a whole number of {unit}, {least} or more", read, unit)


def choice(*names: str, fold: Callable[[str], str] = str) -> Kind:
    """Return the kind of texts that are one of these names once `fold` was applied."""

    def read(text: str) -> str:
        if fold(text) not in names:
            raise ValueError
        return fold(text)

    return Kind(f"one of: {', '.join(names)}", read, " or ".join(names))


def networks_or_none() -> Kind:
    """Return the kind of lists of networks where empty is None (a default holds), and "none" is the empty list."""

    def read(text: str) -> list[str] | None:
        return [] if text.strip() == "none" else _networks(text) or None

    return Kind(f"{NETWORKS.right}; or none", read, NETWORKS.unit)

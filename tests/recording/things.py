"""Values for the parameters of addresses: things of the base, found in the tables of 0.3.0, whose names never change."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.db import connection
from django.urls import URLPattern, get_resolver

MACHINES = """SELECT m.name, m.id::text, m.state, u.username FROM machines_machine m JOIN accounts_user u ON u.id = m.owner_id
              ORDER BY m.created_at, m.name"""
PORTS = """SELECT m.name, t.id::text FROM tunnels_tunnel t JOIN machines_machine m ON m.id = t.holder
           WHERE m.name IN ('kept', 'running', 'first') ORDER BY m.name, t.extra, t.position"""
ASKS = "SELECT m.name || ' ' || a.kind, a.id::text FROM machines_ask a JOIN machines_machine m ON m.id = a.machine_id ORDER BY a.id"
SIMPLE = {
    "keys": "SELECT k.name, k.id::text FROM accounts_sshkey k ORDER BY k.id",
    "tokens": "SELECT u.username, t.token_key FROM knox_authtoken t JOIN accounts_user u ON u.id = t.user_id WHERE u.username = 'student' ORDER BY 2",
    "images": "SELECT cloud_id, id::text FROM catalog_image ORDER BY id",
    "flavors": "SELECT cloud_id, id::text FROM catalog_flavor ORDER BY id",
    "templates": "SELECT slug, slug FROM courses_template ORDER BY slug",
    "servers": "SELECT server_id, server_id FROM machines_stray ORDER BY server_id",
    "failures": "SELECT loop, id::text FROM accounts_rowfailure ORDER BY id",
}
CHOICES = ("more", "job", "sleep", "done", "keep")
PARAMETER = re.compile(r"<(?:(\w+):)?\w+>")
REGEX = {  # addresses that are no plain path
    r"(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)": ["1-x", "1-set-password"],
    r"(?P<rest>.*)": ["nothing/"],
}
USUAL = {"uuid": "00000000-0000-4000-8000-000000000000", "int": "1", "slug": "lab", "str": "x"}


@dataclass
class Things:
    """Values by the word that stands before the parameter, each with a name for people."""

    machines: list[tuple[str, str, str, str]] = field(default_factory=list)  # name, id, state, owner
    values: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def look(self) -> None:
        """Look at the base before it is migrated."""
        with connection.cursor() as cursor:
            self.machines = _rows(cursor, MACHINES)
            self.values = {name: _rows(cursor, sql) for name, sql in SIMPLE.items()}
            self.values["ports"] = _rows(cursor, PORTS)
            self.values["asks"] = self.values["questions"] = _rows(cursor, ASKS)
        self.values["servers"].append(("nobody's", "nobodys"))
        self.values["machines"] = [(name, pk) for name, pk, _state, owner in self.machines if owner == "student"]
        self.values["sizes"] = self.values["flavors"]

    def by_state(self) -> list[str]:
        """Return the student's machines, the first of each state."""
        found = {state: name for name, _pk, state, owner in reversed(self.machines) if owner == "student"}
        return [name for name, *_rest in self.machines if name in found.values()]


def _rows(cursor: Any, sql: str) -> list[Any]:
    cursor.execute(sql)
    return list(cursor.fetchall())


@dataclass(frozen=True)
class Address:
    """A pattern of the URL conf, with the values that can stand in it: pairs of a name for people and an address."""

    pattern: str
    urls: tuple[tuple[str, str], ...]

    @property
    def folder(self) -> str:
        """Return the pattern without the names of its parameters, as a path."""
        plain = PARAMETER.sub(lambda found: "{%s}" % (found[1] or "str"), self.pattern)
        for regex in REGEX:
            plain = plain.replace(regex, "{regex}")
        return plain.strip("/^$").replace("^", "").replace("$", "") or "index"


def addresses(things: Things) -> list[Address]:
    """Every address of the site, the same pattern once."""
    patterns = dict.fromkeys(_patterns(get_resolver().url_patterns, "/"))
    return [Address(pattern, tuple(_filled(pattern, things))) for pattern in patterns]


def _patterns(patterns: Any, before: str) -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from _patterns(pattern.url_patterns, route)


def _filled(pattern: str, things: Things) -> Iterator[tuple[str, str]]:
    plain = pattern.replace("^", "").replace("$", "")
    for regex, values in REGEX.items():
        if regex in pattern:
            yield from ((value, plain.replace(regex, value)) for value in values)
            return
    if re.search(r"asks/<str|questions/<str", plain):
        yield from ((name, PARAMETER.sub(token, plain)) for name, token in _links(things))
    elif re.search(r"machines/<\w+:\w+>/ports/<", plain):
        pks = {name: pk for name, pk, *_rest in things.machines}
        for name, tunnel in things.values["ports"]:
            yield name, PARAMETER.sub(tunnel, PARAMETER.sub(pks[name], plain, count=1))
    else:
        yield from _one_by_one(plain, things)


def _one_by_one(plain: str, things: Things) -> Iterator[tuple[str, str]]:
    found = PARAMETER.search(plain)
    if found is None:
        yield "", plain
        return
    word = plain[: found.start()].strip("/").rpartition("/")[2]
    word = "templates" if word.endswith("templates") else word
    usual = [("a guess", USUAL.get(found[1] or "str", "x"))]
    values = things.values.get(word, usual) if word not in ("asks", "questions") else things.values[word]
    if found[1] == "slug" and word not in things.values:
        values = [(choice, choice) for choice in CHOICES]  # the answer to a question
    for name, value in values:
        rest = plain[: found.start()] + value + plain[found.end() :]
        yield from ((f"{name} {more}".strip(), url) for more, url in _one_by_one(rest, things))


def _links(things: Things) -> Iterator[tuple[str, str]]:
    """Links of mails that 0.3.0 sent: they must go on working."""
    signer = signing.TimestampSigner(salt="machines.idle.links", sep=".")
    for name, pk in things.values["asks"]:
        for choice in CHOICES:
            yield f"{name} {choice}", signer.sign(f"{pk}-{choice}")
    yield "not one of ours", "x"

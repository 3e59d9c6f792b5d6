"""Decide what is asked, by whom, and into which file the answer goes."""

from collections.abc import Iterator
from pathlib import Path

from tests.recording import SHARDS, others
from tests.recording.asking import Person
from tests.recording.bodies import BODIES
from tests.recording.things import Address, Things, addresses

ROLES = ("visitor", "student", "student2", "teacher", "donor", "admin", "newcomer")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FOR_ALL = ("running", "kept")  # machines that everybody asks for; the owner asks for all
FEW = ("donor", "newcomer")  # no other address with a parameter is theirs than a student's
MANAGE = ("teacher", "admin")
SOME = 8  # things of any other kind
Section = tuple[str, str]  # what was asked, what was answered


def record(out: Path, things: Things, shard: int) -> None:
    every = addresses(things)
    fixed = [address.urls[0][1] for address in every if "<" not in address.pattern and not is_api(address)]
    people = {role: Person(role, fixed) for role in ROLES}
    found: Iterator[tuple[str, list[Section]]] = iter(())
    if shard == 0:
        found = others.first(people)
    if shard == 1:
        found = others.last(people, things)
    for name, sections in found:
        write(out / f"{name}.txt", sections)
    for address in every[shard::SHARDS]:
        ask = api if is_api(address) else pages
        for role, person in people.items():
            write(out / "addresses" / address.folder / f"{role}.txt", list(ask(person, address, things)))


def write(path: Path, sections: list[Section]) -> None:
    if sections:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"===== {asked}\n{answer}\n\n" for asked, answer in sections))


def is_api(address: Address) -> bool:
    return address.pattern.startswith(("/api/", "/agent/"))


def is_machines(address: Address) -> bool:
    return "machines/<" in address.pattern and "ports/<" not in address.pattern


def urls(person: Person, address: Address, things: Things) -> list[tuple[str, str]]:
    """The owner asks for everything that there is, the others for little of the same kind."""
    if person.role in FEW:
        return list(address.urls[:1])
    if person.role == "student" and not address.pattern.endswith("/disk/"):  # a disk is waited for
        return [pair for pair in address.urls if is_machines(address) or address.urls.index(pair) < SOME]
    if is_machines(address):
        names = {*FOR_ALL, "copied"} if person.role in ("student", "admin") else FOR_ALL
        return [(name, url) for name, url in address.urls if name in names]
    return list(address.urls[: SOME if person.role in MANAGE else 2])


def pages(person: Person, address: Address, things: Things) -> Iterator[Section]:
    few = {*FOR_ALL, *things.by_state()}
    is_whole = address.pattern.endswith(">/")  # a page of its own, and no part or verb
    is_posted_only = False
    for number, (name, url) in enumerate(urls(person, address, things)):
        if not is_posted_only and (is_whole or not number or name in few):
            answer = person.page("GET", url)
            is_posted_only = answer.startswith("405")
            yield f"GET {name or url}", answer
        if number and is_machines(address) and (name not in few or person.role != "student"):
            continue
        if not is_posted_only and (is_whole or not number):
            yield f"GET {name or url}, in Spanish", person.page("GET", url, "es")
        for told, data in (("nothing", {}), *BODIES.forms(address.pattern))[: None if not number else 2]:
            yield f"POST {told} {name or url}", person.page("POST", url, "en", data)
    name, url = address.urls[0]
    if person.role in ("visitor", "student"):
        yield f"POST {name or url} without its token", person.page("POST", url, csrf=True)
        for method in ("HEAD", "PUT", "DELETE"):
            yield f"{method} {name or url}", person.page(method, url)
        yield f"GET {name or url} for a part", person.page("GET", url, **{"HX-Request": "true"})


def api(person: Person, address: Address, things: Things) -> Iterator[Section]:
    every = urls(person, address, things)
    is_posted_only = False
    for name, url in every:
        if not is_posted_only:
            answer = person.api("GET", url)
            is_posted_only = answer.startswith("405")
            yield f"GET {name or url}", answer
        if is_machines(address) or name == every[0][0]:
            yield f"POST {{}} {name or url}", person.api("POST", url, "{}")
    name, url = every[0]
    for method in METHODS if person.role in ("visitor", "student", "admin") else ():
        yield f"{method} {name or url}", person.api(method, url)
    yield f"GET {name or url} in Spanish", person.api("GET", url, language="es")
    for told, method, body in BODIES.api(address.pattern):
        yield f"{method} {told} {name or url}", person.api(method, url, body)
    for query in BODIES.queries(address.pattern):
        yield f"GET {name or url}{query}", person.api("GET", url + query)

"""FakePeople: the contract's People in memory, for tests of what lies above it."""

import threading
from collections.abc import Collection
from dataclasses import dataclass, field

from cloud.contract import AppCredential, CloudBusy, CloudPerson, Denial, WhichProject
from tests.waiting import PATIENCE


@dataclass
class FakePerson:
    person: CloudPerson
    password: str
    denied: Denial | None = None
    projects: tuple[str, ...] = ("lab",)


@dataclass
class FakePeople:
    """Set `busy`, or `hangs` to an event that a test sets, to change its mood. `asked` records every password that came."""

    rows: dict[str, FakePerson] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    credentials: dict[str, list[str]] = field(default_factory=dict)  # their labels, by name
    busy: bool = False
    loses_answers: bool = False  # to make_credential, which is carried out
    hangs: threading.Event | None = None

    def add(self, name: str, password: str, *, denied: Denial | None = None, projects: tuple[str, ...] = ("lab",), **facts: object) -> None:  # fmt: skip
        person = CloudPerson(id=str(facts.pop("id", f"id-of-{name.lower()}")), name=name, **facts)  # type: ignore[arg-type]
        self.rows[name.lower()] = FakePerson(person, password, denied, projects)

    def sign_in(self, name: str, password: str, domain: str) -> CloudPerson | Denial:
        self.asked.append((name, password))
        if self.hangs:
            self.hangs.wait(PATIENCE)
        if self.busy:
            raise CloudBusy("The cloud does not answer.")
        row = self.rows.get(name.lower())
        if row is None or (row.password != password and row.denied != Denial.LOCKED):
            return Denial.WRONG
        return row.denied or row.person

    def make_credential(
        self, name: str, password: str, domain: str, *, label: str, project: str = "", leftovers: Collection[str] = ()
    ) -> AppCredential | WhichProject | Denial:
        found = self.sign_in(name, password, domain)
        if isinstance(found, Denial):
            return found
        projects = self.rows[name.lower()].projects
        chosen = [one for one in projects if not project or one == project]
        if len(chosen) != 1:
            return WhichProject(projects)
        theirs = [one for one in self.credentials.get(name, ()) if one not in leftovers]
        self.credentials[name] = [*theirs, label]
        if self.loses_answers:
            raise CloudBusy("The cloud does not answer.")
        return AppCredential("credential-1", "the-secret", "https://cloud.test:5000/v3", chosen[0], "RegionOne")

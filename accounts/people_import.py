"""Import a list of people: say what each line does, then create the new ones, all or none. Three queries, however long the list is."""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from accounts import emails, people_mails, sign_up
from accounts.audit.trail import record_each
from accounts.models import User
from accounts.people_csv import Line
from accounts.person_actions import known_roles, lock_administrators
from accounts.person_names import RESERVED, TAKEN, BadPerson, clean_email, clean_username, name_columns, username_of
from lib.notes import Note, Refusal
from lib.spreadsheets import is_formula


class Status(StrEnum):
    """The effect of a line."""

    NEW = "new"  # a person is created
    KNOWN = "known"  # the person is here already, and stays as they are
    BAD = "bad"  # nothing, and `why` says why


class Overtaken(Refusal):
    """Another administrator created one of these people at this moment."""

    code = "try_again"


@dataclass(frozen=True, slots=True)
class Planned:
    """A line, and what it does. facts: the columns of a new person."""

    line: Line
    status: Status
    username: str = ""
    why: Note = field(default_factory=Note)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def shown_username(self) -> str:
        """Return the username that the person has or gets; of a bad line the one that was read, so that its writer knows who is meant."""
        return self.username or self.line.username

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.facts.get("first_name"), self.facts.get("last_name")))) or self.line.name


@dataclass(frozen=True, slots=True)
class Plan:
    """The effect of a list, line by line. displaced: ids of sign-ups that nobody has confirmed, and that give way to new people."""

    lines: tuple[Planned, ...]
    displaced: frozenset[int] = frozenset()

    @property
    def counts(self) -> dict[str, int]:
        """Return how many lines there are of each status."""
        found = Counter(line.status for line in self.lines)
        return {status.value: found[status] for status in Status}

    @property
    def new(self) -> list[Planned]:
        return [line for line in self.lines if line.status == Status.NEW]


def plan(lines: Iterable[Line]) -> Plan:
    """Say what each line would do now. Writes nothing."""
    planner = _Planner()
    looked = tuple(planner.look(line) for line in lines)
    return Plan(looked, frozenset(planner.displaced))


@transaction.atomic
def carry_out(lines: Collection[Line], *, by: User | None, roles: Collection[str], invite: bool = True) -> Plan:
    """Create the new people of a list, and mail each a link to choose a password. Returns what was done.

    Two who import at once wait for each other, so the second finds everybody there. Raises Overtaken and BadPerson.
    """
    wanted = known_roles(roles)
    lock_administrators()
    done = plan(lines)
    now, facts = timezone.now(), {"roles": wanted}
    if invite:
        facts["invited_at"] = now  # type: ignore[assignment]
    people = [User(password=make_password(None), **facts, **line.facts) for line in done.new]
    _create(people, done.displaced)
    proven = [EmailAddress(user=p, email=emails.key(p.email), verified=True, primary=True) for p in people if p.email]
    EmailAddress.objects.bulk_create(proven, batch_size=1_000, ignore_conflicts=True)
    record_each(by=by, verb="create_person", people=people, detail={"roles": wanted, "imported": True})
    if invite and proven:
        people_mails.send_links([person for person in people if person.email], now)
    return done


def _create(people: list[User], displaced: Collection[int]) -> None:
    """Create people, in place of sign-ups that nobody has confirmed. Raises Overtaken."""
    overtaken = Overtaken(_("Somebody has just created one of these people. Check the list again."))
    if displaced and sign_up.end(displaced) < len(displaced):
        raise overtaken
    try:
        with transaction.atomic():
            User.objects.bulk_create(people, batch_size=1_000)
    except IntegrityError:
        raise overtaken from None


class _Planner:
    """The people who are here, and those of the lines that were looked at."""

    def __init__(self) -> None:
        unused = ExpressionWrapper(Q(pk__in=sign_up.pending().values("pk")), BooleanField())
        people = User.objects.filter(removed_at=None).annotate(mail=Lower("email"), is_pending=unused)
        self.usernames: dict[str, str] = {}  # by key: as it is written
        self.by_email: dict[str, str] = {}
        # Sign-ups that nobody has confirmed, by the keys of their names and addresses: they keep nobody out.
        self.pending: dict[str, int] = {}
        self.displaced: set[int] = set()
        for pk, username, mail, is_pending in people.values_list("pk", "username", "mail", "is_pending"):
            if is_pending:
                self.pending |= {f"u{username_key(username)}": pk, f"@{emails.key(mail)}": pk}
                continue
            self.usernames[username_key(username)] = username
            if mail:
                self.by_email[emails.key(mail)] = username
        self.proven = set(EmailAddress.objects.values_list("email", flat=True))
        self.numbers: Counter[str] = Counter()  # by what stands before the @: the last that was put behind it
        self.lines_of: dict[str, int] = {}  # by the key of an address or a username: the line that has it

    def look(self, line: Line) -> Planned:
        try:
            return self._look(line)
        except BadPerson as refusal:
            return Planned(line, Status.BAD, why=refusal.note)

    def _look(self, line: Line) -> Planned:
        email = clean_email(line.email)
        if is_formula(line.name) or is_formula(line.username):
            return _bad(line, _("It begins like a spreadsheet formula."))
        given = clean_username(line.username) if line.username else ""
        facts = {"email": email, **name_columns(line.name)}
        if not email and not given:
            return _bad(line, _("There is no e-mail address."))
        return self._place(line, email, given, facts)

    def _place(self, line: Line, email: str, given: str, facts: dict[str, str]) -> Planned:
        keys = [
            key for key in (f"@{emails.key(email)}" if email else "", f"u{username_key(given)}" if given else "") if key
        ]
        if before := next((self.lines_of[key] for key in keys if key in self.lines_of), 0):
            return _bad(line, _("The same person as in line %(line)s."), line=before)
        planned = self._person(line, email, given, facts)
        if planned.status != Status.BAD:
            self.lines_of.update(dict.fromkeys(keys, line.number))
        return planned

    def _person(self, line: Line, email: str, given: str, facts: dict[str, str]) -> Planned:
        if email and (here := self.by_email.get(emails.key(email))):
            return Planned(line, Status.KNOWN, here, facts=facts)
        if email and emails.key(email) in self.proven:
            return _bad(line, TAKEN["email"])
        if given and (here := self.usernames.get(username_key(given))):
            return Planned(line, Status.KNOWN, here, facts=facts) if not email else _bad(line, TAKEN["username"])
        username = given or self._free(email)
        self.usernames[username_key(username)] = username
        in_the_way = (self.pending.get(key) for key in (f"u{username_key(username)}", f"@{emails.key(email)}"))
        self.displaced.update(pk for pk in in_the_way if pk)
        return Planned(line, Status.NEW, username, facts={**facts, "username": username})

    def _free(self, email: str) -> str:
        """Return a username that is made from an address: what stands before the @, with a number where it is taken."""
        first = name = username_of(email)
        while username_key(name) in self.usernames or name in RESERVED:
            self.numbers[first] += 1
            name = f"{first}{self.numbers[first] + 1}"
        return name


def username_key(username: str) -> str:
    """Return a form that is the same wherever the database might take two spellings for one, by upper or by lower case."""
    alike = unicodedata.normalize("NFKC", username).upper().lower()
    return alike.replace("ς", "σ").replace("\u0307", "")  # the last sigma of a word, and the dot of İ


def _bad(line: Line, text: str, /, **arguments: Any) -> Planned:
    return Planned(line, Status.BAD, why=Note(text, arguments))

"""manage.py try_login ana: what would happen if this person signed in now. Nothing is written, here or anywhere."""

from collections.abc import Iterator
from getpass import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.outside import arrivals, sign_in
from accounts.outside.arrivals import Arrival
from accounts.outside.outside_refusals import OutsideRefusal
from portal.presenters.outside_ways import label_of


class Command(BaseCommand):
    help = "Say for each way of signing in what would happen, who the person would be, and which roles they would have and why"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="as it would be typed at the sign-in")
        parser.add_argument(
            "--here-too", action="store_true", help="ask the servers also where the name has a password here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        person = sign_in.local_person(name)
        self.stdout.write(_here(name, person))
        if person and person.has_usable_password() and not options["here_too"]:
            return
        ways = sign_in.ways()
        if not ways:
            raise CommandError("No server is set that checks passwords of others (docs/admin/sign-in-elsewhere.md).")
        password = getpass(f"Password of {name} (sent to {', '.join(ways)}, each once): ")
        if not password:
            raise CommandError("Without a password nothing can be tried.")
        asked = sign_in.names_elsewhere(name) or [(way, name) for way in ways]
        for way, typed in asked:
            for line in _elsewhere(way, typed, password):
                self.stdout.write(line)


def _here(name: str, person: User | None) -> str:
    if person is None:
        return f"here: nobody is called {name}; the servers are asked"
    if person.has_usable_password():
        state = "" if person.is_active else ", and is blocked"
        return f"here: {person.username} has a password of this site{state}; no server is asked"
    return f"here: {person.username} has no password of this site; the servers are asked"


def _elsewhere(way: str, name: str, password: str) -> Iterator[str]:
    """Yield what a server says, and what would follow from it."""
    yield f"{way} ({label_of(way)}), as {name}:"
    try:
        arrival = sign_in.ask(way, name, password)
        if arrival is None:
            yield "  wrong name or password"
            return
        yield from _person(arrival)
        yield from _roles(arrival)
    except OutsideRefusal as refusal:
        yield f"  {refusal.code}: {refusal}"


def _person(arrival: Arrival) -> Iterator[str]:
    facts = ", ".join(filter(None, [arrival.name, arrival.full_name, arrival.email, f"id {arrival.subject}"]))
    yield f"  the password is right: {facts}"
    person = arrivals.whose(arrival)
    if person is None:
        yield f"  a new person would be made: {arrivals.columns_of_new(arrival)['username']}"
    elif person.is_active:
        yield f"  this is {person.username} here"
    else:
        yield f"  this is {person.username} here, who is blocked: they would not come in"


def _roles(arrival: Arrival) -> Iterator[str]:
    held = ", ".join(sorted(arrival.values)) or "none"
    yield f"  roles or groups there: {held}"
    for rule in arrivals.rules_for(arrival):
        yield f"  SIGN_IN_ROLES gives {rule.role}: {rule}"
    person = arrivals.whose(arrival)
    wanted = arrivals.roles_after(arrival, person)
    yield f"  roles here: {', '.join(wanted)}" + ("" if settings.SIGN_IN_ROLES else " (SIGN_IN_ROLES is empty)")

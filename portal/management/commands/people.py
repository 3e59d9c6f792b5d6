"""manage.py people: accounts by hand. `manage.py people import list.csv --dry-run`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import people_csv, people_import, person_actions
from accounts.cloud_users import asking
from accounts.models import OutsideAccount, User
from accounts.outside import linking
from accounts.people_search import PeopleFilters, by_name
from lib import csv_lists
from lib.notes import Refusal
from lib.spreadsheets import csv_lines
from portal.management.output import beginning_of
from portal.presenters.listed_people import listed, machines_of, open_grants, shown_grants
from quotas import actions as quota_actions
from quotas.models import Grant

ACTS = {
    "invite": person_actions.send_link,
    "end-second-step": person_actions.end_second_step,
    "block": person_actions.block,
    "unblock": person_actions.unblock,
    "remove": person_actions.remove,
}


class Command(BaseCommand):
    help = "List, show, create, import, change, block and remove people: manage.py people create ana --email ana@example.org --invite"

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        _add_list(verbs)
        new = verbs.add_parser("create", help="create an account without a password")
        new.add_argument("username")
        new.add_argument("--name", default="")
        new.add_argument("--email", default="")
        new.add_argument("--roles", default="student", help="with commas between")
        new.add_argument("--invite", action="store_true", help="mail a link to choose a password")
        bring = verbs.add_parser("import", help="create the people of a CSV file")
        bring.add_argument("file", type=Path)
        bring.add_argument("--roles", default="student", help="with commas between")
        bring.add_argument("--no-mail", action="store_true", help="mail nobody a link")
        bring.add_argument("--dry-run", action="store_true", help="only say what each line would do")
        roles = verbs.add_parser("roles", help="give somebody these roles instead of those that they have")
        roles.add_argument("username")
        roles.add_argument("roles", help="with commas between")
        for verb, words in (
            ("show", "roles, machines, quota, and what was given beside the roles"),
            ("invite", "mail a link to choose a password"),
            ("end-second-step", "let somebody who has lost phone and codes in with the password alone"),
            ("block", "sign somebody out everywhere; their machines sleep"),
            ("unblock", "let somebody sign in again"),
            ("remove", "erase what is personal; the machines go to the recycle bin"),
            ("end-horizon", "delete the Horizon account that was made for somebody here; the machines stay"),
        ):
            verbs.add_parser(verb, help=words).add_argument("username")
        _add_end_grant(verbs)
        _add_links(verbs)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._do(options["verb"], options)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None

    def _do(self, verb: str, options: dict[str, Any]) -> None:
        if verb == "list":
            self._list(options)
        elif verb == "import":
            self._import(options)
        elif verb == "create":
            facts = {name: options[name] for name in ("username", "name", "email", "invite")}
            person = person_actions.create(**facts, roles=options["roles"].split(","), by=None)
            self.stdout.write(f"{person.username} is created.")
        elif verb == "roles":
            person = _found(options["username"])
            person_actions.change_roles(person=person, roles=options["roles"].split(","), by=None)
            self.stdout.write(f"{person.username}: {options['roles']}")
        elif verb == "show":
            self.stdout.writelines(f"{line}\n" for line in _shown(_found(options["username"])))
        elif verb == "end-grant":
            _end_grant(_found(options["username"]), options["number"])
            self.stdout.write(f"{options['username']}: done ({verb}).")
        elif verb in ("link", "unlink"):
            _link(verb, _found(options["username"]), options["way"], options["name"])
            self.stdout.write(f"{options['username']}: done ({verb}).")
        elif verb == "end-horizon":
            _end_horizon(_found(options["username"]))
            self.stdout.write(f"{options['username']}: done ({verb}).")
        else:
            ACTS[verb](person=_found(options["username"]), by=None)
            self.stdout.write(f"{options['username']}: done ({verb}).")

    def _list(self, options: dict[str, Any]) -> None:
        wanted = PeopleFilters(
            text=options["search"], role=options["role"], last_sign_in_before=options["last_sign_in_before"]
        )
        rows = by_name(wanted.narrow(User.objects.filter(removed_at=None)))
        head = [("username", "name", "email", "roles", "blocked", "last_sign_in")]
        cells = (
            (
                p.username,
                p.get_full_name(),
                p.email,
                " ".join(p.held_roles),
                not p.is_active,
                p.last_login or "",
            )
            for p in rows
        )
        self.stdout.write(csv_lines([*head, *cells]), ending="")

    def _import(self, options: dict[str, Any]) -> None:
        try:
            with options["file"].open("rb") as file:
                found = people_csv.read(file.read(csv_lists.MOST_BYTES + 1))
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        for notice in found.notices:
            self.stderr.write(str(notice))
        if options["dry_run"]:
            plan = people_import.plan(found.lines)
        else:
            roles = options["roles"].split(",")
            plan = people_import.carry_out(found.lines, by=None, roles=roles, invite=not options["no_mail"])
        cells = [
            (p.line.number, p.status.value, p.shown_username, p.name, p.line.email, str(p.why)) for p in plan.lines
        ]
        self.stdout.write(csv_lines([("line", "status", "username", "name", "email", "why"), *cells]), ending="")


def _shown(person: User) -> Iterator[str]:
    [row] = listed([person])
    seen = f"{person.last_login:%Y-%m-%d %H:%M} UTC" if person.last_login else "never"
    yield f"{person.username}: {person.get_full_name()} <{person.email}>{'' if person.is_active else ', blocked'}"
    yield f"roles: {', '.join(person.held_roles)}; last sign-in: {seen}"
    for _measure, label, gauge, unit in row.usage.gauges():
        yield f"{label}: {gauge.used} of {gauge.limit} {unit}".rstrip()
    for each in machines_of(person):
        yield f"machine {each.machine.pk} {each.machine.name}: {each.word}"
    for grant in shown_grants(open_grants(person)):
        end = f"{grant.row.ends_at:%Y-%m-%d %H:%M} UTC" if grant.row.ends_at else "no end"
        yield f"grant {grant.row.pk}: {grant.words}; {grant.row.starts_at:%Y-%m-%d %H:%M} UTC to {end}; {grant.row.reason}"


def _end_grant(person: User, number: int) -> None:
    grant = Grant.objects.filter(user=person, pk=number).first()
    if grant is None:
        raise CommandError(f"{person.username} was given nothing with the number {number}.")
    quota_actions.end_grant(grant=grant, by=None)


def _add_list(verbs: Any) -> None:
    found = verbs.add_parser("list", help="people as CSV")
    found.add_argument("--search", default="")
    found.add_argument("--role", choices=User.Role.values, default="")
    found.add_argument(
        "--last-sign-in-before", type=beginning_of, metavar="2027-03-01", help="whoever never came is among them"
    )


def _add_end_grant(verbs: Any) -> None:
    ended = verbs.add_parser("end-grant", help="end what somebody was given beside their roles (manage.py grant)")
    ended.add_argument("username")
    ended.add_argument("number", type=int, help="as `show` has it")


def _add_links(verbs: Any) -> None:
    for verb, words in (
        ("link", "have somebody sign in with an account elsewhere, no longer with a password here"),
        ("unlink", "take such a link away; people invite then mails a link to choose a password"),
    ):
        linked = verbs.add_parser(verb, help=words)
        linked.add_argument("username")
        linked.add_argument("way", help="keystone or ldap")
        linked.add_argument("name", help="the name there")


def _link(verb: str, person: User, way: str, name: str) -> None:
    if verb == "link":
        linking.link(person=person, way=way, name=name, by=None)
        return
    account = OutsideAccount.objects.filter(user=person, way=way, name__iexact=name).first()
    if account is None:
        raise CommandError(f"{person.username} is not linked to {way}:{name}.")
    linking.unlink(account=account, by=None)


def _end_horizon(person: User) -> None:
    if asking.end(person=person, by=None):
        return
    if asking.own(person) is not None:
        raise CommandError(f"The Horizon account of {person.username} is being deleted already.")
    raise CommandError(f"No Horizon account was made for {person.username} here.")


def _found(username: str) -> User:
    try:
        return User.objects.get_by_natural_key(username)
    except User.DoesNotExist as error:
        raise CommandError(str(error)) from None

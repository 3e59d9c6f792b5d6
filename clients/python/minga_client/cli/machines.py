"""Commands for machines: list, show, launch, put to sleep, delete."""

from argparse import Namespace
from datetime import datetime

from ..client import Client
from ..errors import MingaError
from ..models import Machine
from . import known_hosts
from .output import as_json, say, table
from .session import client, confirm, find, wait_for


def ls(args: Namespace) -> None:
    found = list(client().machines(state=args.state, in_bin=args.bin, everybody=args.all))
    if args.json:
        return as_json(found)
    more = ("OWNER",) if args.all else ()
    rows = [(m.name, _state(m), m.template, *([m.owner] if args.all else []), _how(m)) for m in found]
    table(("NAME", "STATE", "TEMPLATE", *more, "ADDRESS"), rows)


def _state(machine: Machine) -> str:
    under_way = not machine.settled and 0 < machine.progress < 100
    return f"{machine.state} {machine.progress}%" if under_way else machine.state


def _how(machine: Machine) -> str:
    return next((way.address for way in machine.ways_in if way.available), "")


def show(args: Namespace) -> None:
    machine = find(client(), args.machine)
    if args.json:
        return as_json(machine)
    say(f"{machine.name}: {_state(machine)}")
    for line in (machine.note, machine.refused.note if machine.refused else "", machine.cloud_says):
        if line:
            say(line)
    say(f"template {machine.template}, made {_time(machine.created_at)}, id {machine.id}")
    for way in machine.ways_in:
        say(f"  {way.label}: {way.address}{'' if way.available else f' ({way.why_not})'}")


def _time(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def log(args: Namespace) -> None:
    minga = client()
    found = list(minga.events(find(minga, args.machine).id))
    if args.json:
        return as_json(found)
    table(("AT", "BY", "WHAT"), [(_time(event.at), event.by, event.note or event.state) for event in found])


def templates(args: Namespace) -> None:
    found = list(client().templates())
    if args.json:
        return as_json(found)
    rows = [(each.slug, each.name, each.why_not or each.summary) for each in found if not each.retired]
    table(("TEMPLATE", "NAME", ""), rows)


def launch(args: Namespace) -> None:
    minga = client()
    machine = minga.launch(args.template, name=args.name)
    _done(minga, machine, args, ("running",))


def act(args: Namespace) -> None:
    """Do one of the verbs of the table in parser.py."""
    minga = client()
    machine = find(minga, args.machine, among=args.among)
    if args.command == "reset":
        confirm(f"Everything on the disk of {machine.name} will be lost. Reset it?", yes=args.yes)
    changed = minga.do(machine.id, args.verb or args.command)
    if args.command in ("reset", "restore"):  # its next host key is another
        known_hosts.forget(machine)
    _done(minga, changed, args, (args.ends,))


def rename(args: Namespace) -> None:
    minga = client()
    changed = minga.rename(find(minga, args.machine).id, args.name)
    as_json(changed) if args.json else say(changed.name)


def rm(args: Namespace) -> None:
    """Put a machine into the recycle bin; with --now, delete it for good."""
    minga = client()
    machine = find(minga, args.machine)
    if not args.now:
        if machine.binned_at:
            raise MingaError(f"{machine.name} is in the recycle bin already. To delete it for good: minga rm --now")
        return _done(minga, minga.do(machine.id, "bin"), args, ("archived",))
    confirm(f"{machine.name} and its disk will be gone for good. Delete it?", yes=args.yes)
    known_hosts.forget(machine)
    _gone(minga, minga.delete(machine.id), args)


def _gone(minga: Client, machine: Machine, args: Namespace) -> None:
    try:
        _done(minga, machine, args, ("gone",))
    except MingaError as error:
        if not str(error).endswith("is no longer there."):
            raise


def _done(minga: Client, machine: Machine, args: Namespace, states: tuple[str, ...]) -> None:
    if args.wait:
        machine = wait_for(minga, machine, states, args.timeout)
    if args.json:
        as_json(machine)
    else:
        say(f"{machine.name}: {_state(machine)}")

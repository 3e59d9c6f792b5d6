"""Commands for machines: list, show, launch, put to sleep, delete."""

from argparse import Namespace
from datetime import datetime

from ..client import Client
from ..errors import MingaError
from ..models import Machine
from . import known_hosts
from .output import as_json, say, table
from .session import client, find, settle, sure


def ls(asked: Namespace) -> None:
    found = list(client().machines(state=asked.state, in_bin=asked.bin, everybody=asked.all))
    if asked.json:
        return as_json(found)
    more = ("OWNER",) if asked.all else ()
    rows = [(m.name, _state(m), m.template, *([m.owner] if asked.all else []), _how(m)) for m in found]
    table(("NAME", "STATE", "TEMPLATE", *more, "ADDRESS"), rows)


def _state(machine: Machine) -> str:
    under_way = not machine.settled and 0 < machine.progress < 100
    return f"{machine.state} {machine.progress}%" if under_way else machine.state


def _how(machine: Machine) -> str:
    return next((way.address for way in machine.ways_in if way.available), "")


def show(asked: Namespace) -> None:
    machine = find(client(), asked.machine)
    if asked.json:
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


def log(asked: Namespace) -> None:
    minga = client()
    found = list(minga.events(find(minga, asked.machine).id))
    if asked.json:
        return as_json(found)
    table(("AT", "BY", "WHAT"), [(_time(event.at), event.by, event.note or event.state) for event in found])


def templates(asked: Namespace) -> None:
    found = list(client().templates())
    if asked.json:
        return as_json(found)
    rows = [(each.slug, each.name, each.why_not or each.summary) for each in found if not each.retired]
    table(("TEMPLATE", "NAME", ""), rows)


def launch(asked: Namespace) -> None:
    minga = client()
    machine = minga.launch(asked.template, name=asked.name)
    _done(minga, machine, asked, ("running",))


def act(asked: Namespace) -> None:
    """Do one of the verbs of the table in parser.py."""
    minga = client()
    machine = find(minga, asked.machine, among=asked.among)
    if asked.command == "reset":
        sure(f"Everything on the disk of {machine.name} will be lost. Reset it?", yes=asked.yes)
    changed = minga.do(machine.id, asked.verb or asked.command)
    if asked.command in ("reset", "restore"):  # its next host key is another
        known_hosts.forget(machine)
    _done(minga, changed, asked, (asked.ends,))


def rename(asked: Namespace) -> None:
    minga = client()
    changed = minga.rename(find(minga, asked.machine).id, asked.name)
    as_json(changed) if asked.json else say(changed.name)


def rm(asked: Namespace) -> None:
    """Put it into the recycle bin; with --now, or from there, delete it."""
    minga = client()
    machine = find(minga, asked.machine)
    if not asked.now:
        if machine.binned_at:
            raise MingaError(f"{machine.name} is in the recycle bin already. To delete it for good: minga rm --now")
        return _done(minga, minga.do(machine.id, "bin"), asked, ("archived",))
    sure(f"{machine.name} and its disk will be gone for good. Delete it?", yes=asked.yes)
    known_hosts.forget(machine)
    _gone(minga, minga.delete(machine.id), asked)


def _gone(minga: Client, machine: Machine, asked: Namespace) -> None:
    try:
        _done(minga, machine, asked, ("gone",))
    except MingaError as error:
        if not str(error).endswith("is no longer there."):
            raise


def _done(minga: Client, machine: Machine, asked: Namespace, states: tuple[str, ...]) -> None:
    if asked.wait:
        machine = settle(minga, machine, states, asked.timeout)
    if asked.json:
        as_json(machine)
    else:
        say(f"{machine.name}: {_state(machine)}")

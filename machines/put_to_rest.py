"""Put a machine to sleep in the site's own name, for loops that come again until it rests."""

from lib.notes import Note
from machines import actions
from machines.models import Machine
from machines.states import Refused


def put_to_rest(machine: Machine, *, asleep: Note, away: Note) -> Machine:
    """Let a machine sleep. One that the cloud did not let sleep is put away, or the cloud would be asked again and again.

    asleep, away: the history says it of one that goes to sleep, of one that is put away. Raises WrongState.
    """
    if machine.refused == Refused.SUSPEND:
        return actions.shelve(machine=machine, by=None, why=away)
    return actions.suspend(machine=machine, by=None, why=asleep)

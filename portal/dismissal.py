"""Put away what a machine's page says until somebody has read it."""

from accounts.models import User
from machines import actions
from machines.models import Machine
from portal import access


def dismiss(*, machine: Machine, by: User) -> Machine:
    """Put away what this person may. Raises Forbidden where something is left of which they may put away nothing."""
    news = {
        "refusal": bool(machine.refused),
        "setup": actions.has_failed_setup(machine),
        "vanished": machine.is_missed,
    }
    refusals = {what: access.why_not(by, f"dismiss_{what}", machine) for what, is_there in news.items() if is_there}
    theirs = {what: refusal is None for what, refusal in refusals.items()}
    if refusals and not any(theirs.values()):
        raise next(refusal for refusal in refusals.values() if refusal)
    return actions.dismiss(machine=machine, by=by, **{what: theirs.get(what, False) for what in news})

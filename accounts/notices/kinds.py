"""The kinds of notices: how each is worded. The app that sends a kind registers it in its `AppConfig.ready`.

register(Kind("idle.sleep", _("Before an idle machine sleeps"), facts, "questions/mail"))
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from accounts.notices.models import Notice


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of messages, and how they are worded.

    facts: called at delivery, in the language and time zone of the recipient, gives what the templates need, with the "subject"
        of the mail; None where the message is no longer worth sending.
    template: the path of its templates without ".txt" and ".html".
    proves_address: its link proves the address, so it also goes to one that is not proven yet. `facts` may name another as "to".
    """

    name: str
    label: "Promise | str"  # for administrators and for whoever unsubscribes
    facts: Callable[[Notice], dict[str, Any] | None]
    template: str
    may_unsubscribe: bool = False
    proves_address: bool = False


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known. Raises ValueError for a name that another kind has."""
    if KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"There are two kinds of notices called {kind.name}.")


def kind_of(name: str) -> Kind:
    """Return the kind of this name. Raises LookupError where no app has registered it."""
    try:
        return KINDS[name]
    except KeyError:
        raise LookupError(f"No app has registered the kind of notices {name!r}.") from None


def label(name: str) -> str:
    """Return the words for a kind; its name where it is one of a version before or after this one."""
    return str(KINDS[name].label) if name in KINDS else name

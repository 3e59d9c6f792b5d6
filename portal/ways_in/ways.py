"""The interface of every kind of way in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from accounts.models import User
from machines.models import Machine
from tunnels.models import Tunnel


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that are loaded once for all machines of an answer, whatever the kinds are."""

    machines: Collection[Machine]
    tunnels: Mapping[UUID, Sequence[Tunnel]]  # by machine, in the order of its template
    serves_screens: Callable[[], bool]  # see CloudWatch
    reader: User
    now: datetime


class WayIn(ABC):
    """A way into one machine, as its reader sees it. Names and sentences are in the reader's language."""

    place: tuple[int, ...] = (1,)  # ways are listed by this; the ports come first, as (0, number)
    is_main = False  # stands above the list of the others

    @property
    @abstractmethod
    def kind(self) -> str:
        """The word for programs."""

    @property
    @abstractmethod
    def label(self) -> str:
        """The name for people."""

    @property
    @abstractmethod
    def icon(self) -> str:
        """A drawing of static/img/icons.svg."""

    @property
    @abstractmethod
    def address(self) -> str:
        """The text that a person copies or opens."""

    @property
    @abstractmethod
    def template(self) -> str:
        """The template part that draws it on the machine's page, as `way`; there `s` is the machine."""

    @property
    @abstractmethod
    def why_not(self) -> str:
        """Say why it leads nowhere now; '' when it can be used."""

    @property
    def is_available(self) -> bool:
        return not self.why_not

    @property
    def is_opening(self) -> bool:
        """Return whether it is about to change, so that the page looks again each second."""
        return False

    @property
    def details(self) -> dict[str, Any]:
        """Further facts of the API, for programs that know this kind."""
        return {}

    @property
    def version(self) -> object:
        """A value that changes when the page must be redrawn."""
        return self.kind, self.address, self.why_not


class Kind(Protocol):
    """A kind of way in."""

    name: str
    service_word: Promise | str  # for a service of this scheme on a launch card; '': the service's own name says more

    def load(self, facts: Facts) -> Iterable[tuple[UUID, WayIn]]:
        """Yield (id of the machine, way in) for all machines at once: the number of queries must not grow with theirs."""

"""A client for Minga's API. See the README beside it."""

from typing import TYPE_CHECKING

from .errors import MingaError, NotSignedIn, OtherServer, Refused, Unreachable

if TYPE_CHECKING:
    from .client import Client

__all__ = ["Client", "MingaError", "NotSignedIn", "OtherServer", "Refused", "Unreachable"]
__version__ = "0.4.0"


def __getattr__(name: str) -> object:
    """Load the client when it is first asked for: the command line begins sooner, and is ready for Ctrl-C."""
    if name != "Client":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .client import Client

    return Client

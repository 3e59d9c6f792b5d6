"""A client for Minga's API. See the README beside it."""

from .client import Client
from .errors import MingaError, NotSignedIn, OtherServer, Refused, Unreachable

__all__ = ["Client", "MingaError", "NotSignedIn", "OtherServer", "Refused", "Unreachable"]
__version__ = "0.4.0"

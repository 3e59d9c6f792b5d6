"""Services of a machine, and the schemes by which a program reaches them."""

from dataclasses import dataclass
from typing import Literal, get_args

SCREEN_PORT = 5900  # where the local cloud itself serves the screen of a machine
Scheme = Literal["ssh", "http", "https", "vnc", "tcp"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


@dataclass(frozen=True, slots=True)
class Service:
    """Something that a machine offers on one of its ports."""

    name: str
    port: int  # inside the machine
    scheme: Scheme = "tcp"

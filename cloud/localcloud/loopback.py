"""Loopback addresses, one for each guest, and the ports at them."""

import random
import socket
from collections.abc import Iterable

FIRST, LAST = 64, 127  # 127.64.0.0/10: away from 127.0.0.1 and from what distributions use (127.0.1.1, 127.0.0.53)
OFFSET = 10000  # added to a port that is not free: 22 becomes 10022


def can_bind(address: str, port: int) -> bool:
    """Return whether we may listen there now. (A normal user may not below 1024; nobody may on a port that another has at 0.0.0.0.)"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def draw(taken: Iterable[str]) -> str:
    """Return an address that neither we nor another local cloud of this machine uses. Raises OSError when none was found."""
    ours = set(taken)
    for _ in range(100):
        address = f"127.{random.randint(FIRST, LAST)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        if address not in ours and can_bind(address, 22 + OFFSET) and can_bind(address, 0):
            return address
    raise OSError("No free loopback address was found.")


def map_ports(
    address: str, ports: Iterable[int], old: dict[int, int], held: frozenset[int] = frozenset()
) -> dict[int, int]:
    """Return guest's port → port at `address`, for the ports that are not free under their own number.

    A port keeps its `old` place while that is free. The guest itself listens on the ports in `held` already.
    """
    wanted = sorted(ports)
    mapped: dict[int, int] = {port: old.get(port, port) for port in wanted if port in held}
    for port in wanted:
        if port in held:
            continue
        choices = [old.get(port, port), port, *_elsewhere(port)]
        free = (place for place in choices if place not in mapped.values() and (place == port or place not in wanted))
        outside = next((place for place in free if can_bind(address, place)), None)
        if outside is None:
            raise OSError(f"No port of {address} is free for the guest's port {port}.")
        mapped[port] = outside
    return {port: outside for port, outside in mapped.items() if port != outside}


def _elsewhere(port: int) -> list[int]:
    near = [port + step * OFFSET for step in range(1, 6) if port + step * OFFSET < 65536]
    return [*near, *random.sample(range(20000, 60000), 20)]

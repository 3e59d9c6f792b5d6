"""The order of locks in every transaction: Allowance, Question, Machine, Tunnel, Gateway."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

ORDER = ("quotas_allowance", "machines_ask", "machines_machine", "tunnels_tunnel", "tunnels_gateway")
_LOCKS = re.compile(r'^UPDATE "(\w+)"|^SELECT .* FROM "(\w+)".* FOR UPDATE', re.DOTALL)


class Locks:
    """Watches one connection. A transaction of the code is an atomic block within the test's own."""

    def __init__(self) -> None:
        self.outside = len(connection.savepoint_ids)
        self.taken: list[str] = []  # in the transaction that is open now: each table once
        self.wrong: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        result = execute(sql, *rest)
        self._see(sql)
        return result

    def _see(self, sql: str) -> None:
        if len(connection.savepoint_ids) <= self.outside:
            self.taken = []  # each block begins with a SAVEPOINT, which is seen from outside of it
        elif found := _LOCKS.match(sql):
            self._lock(found[1] or found[2])

    def _lock(self, table: str) -> None:
        if table not in ORDER or table in self.taken:
            return
        if any(ORDER.index(table) < ORDER.index(before) for before in self.taken):
            self.wrong.append(f"{table} after {', '.join(self.taken)}")
        self.taken.append(table)


@contextmanager
def watched() -> Iterator[Locks]:
    locks = Locks()
    with connection.execute_wrapper(locks):
        yield locks

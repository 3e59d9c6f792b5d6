"""The facts that an upgrade must keep, read twice: from the tables of 0.3.0, in SQL that never changes, and by today's code."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from knox.models import AuthToken

from accounts.models import SshKey, User
from machines.models import Machine
from quotas.actions import usage
from tunnels.models import Gateway, Tunnel

Facts = dict[str, list[tuple[Any, ...]]]
SQL = {
    "machines": """SELECT m.id, u.username, m.name, m.state, m.wanted, m.server_id, m.archive_id
                   FROM machines_machine m JOIN accounts_user u ON u.id = m.owner_id""",
    "ports": """SELECT t.holder, g.public_host, t.port, t.service, t.scheme, t.target_port, t.wanted, t.state
                FROM tunnels_tunnel t JOIN tunnels_gateway g ON g.id = t.gateway_id""",
    "gateways": "SELECT name, public_host, host_key, token_hash, first_port, last_port, enabled FROM tunnels_gateway",
    "people": "SELECT username, email, uuid, is_active, is_superuser, language, password FROM accounts_user",
    "keys": "SELECT u.username, k.name, k.public_key, k.fingerprint FROM accounts_sshkey k JOIN accounts_user u ON u.id = k.user_id",
    "tokens": """SELECT u.username, t.digest, t.token_key, coalesce(f.name, '') FROM knox_authtoken t
                 JOIN accounts_user u ON u.id = t.user_id LEFT JOIN accounts_tokenfacts f ON f.token_id = t.digest""",
    "used": """SELECT u.username, sum(r.machines), sum(r.ram_mb), sum(r.ports), sum(r.archives), sum(r.archive_gb) FROM quotas_reservation r
               JOIN accounts_user u ON u.id = r.user_id WHERE r.closed_at IS NULL GROUP BY u.username""",
    "allowed": """SELECT u.username, sum(g.machines), sum(g.ram_mb), sum(g.ports), sum(g.archives), sum(g.archive_gb) FROM quotas_grant g
                  JOIN accounts_user u ON g.user_id = u.id OR g.role = u.role GROUP BY u.username""",
}
MEASURES = ("machines", "ram_mb", "ports", "archives", "archive_gb")


def of_before() -> Facts:
    """Read the facts from the tables as 0.3.0 left them."""
    with connection.cursor() as cursor:
        return {name: _rows(cursor, sql) for name, sql in SQL.items()}


def rows_of_tables() -> dict[str, int]:
    """Count the rows of every table there is."""
    with connection.cursor() as cursor:
        return {name: _count(cursor, name) for name in connection.introspection.table_names(cursor)}


def _count(cursor: Any, table: str) -> int:
    cursor.execute(f'SELECT count(*) FROM "{table}"')
    return int(cursor.fetchone()[0])


def _rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return sorted(tuple(row) for row in cursor.fetchall())


def _of(model: Any, *names: str) -> Callable[[], list[tuple[Any, ...]]]:
    return lambda: sorted(model.objects.values_list(*names))


def _gauges(what: str, *, of_all: bool) -> list[tuple[Any, ...]]:
    found = [
        (user.username, *(getattr(usage(user), m) for m in MEASURES)) for user in User.objects.order_by("username")
    ]
    rows = [(name, *(getattr(gauge, what) for gauge in gauges)) for name, *gauges in found]
    return [row for row in rows if of_all or any(row[1:])]


def _tokens() -> list[tuple[Any, ...]]:
    rows = AuthToken.objects.values_list("user__username", "digest", "token_key", "facts__name")
    return sorted((*row[:3], row[3] or "") for row in rows)


NOW: dict[str, Callable[[], list[tuple[Any, ...]]]] = {
    "machines": _of(Machine, "id", "owner__username", "name", "state", "wanted", "server_id", "archive_id"),
    "ports": _of(
        Tunnel, "holder", "gateway__public_host", "port", "service", "scheme", "target_port", "wanted", "state"
    ),
    "gateways": _of(Gateway, "name", "public_host", "host_key", "token_hash", "first_port", "last_port", "enabled"),
    "people": _of(User, "username", "email", "uuid", "is_active", "is_superuser", "language", "password"),
    "keys": _of(SshKey, "user__username", "name", "public_key", "fingerprint"),
    "tokens": _tokens,
    "used": lambda: _gauges("used", of_all=False),
    "allowed": lambda: _gauges("limit", of_all=True),
}

"""The folder of a `make run` of 0.3.0 that was killed: its database is the base, its machines are in its simulated cloud.

Only what names this computer differs from the base: the cloud's name, addresses in it, the block of public ports, and all times,
which are moved as if the base had been made a moment ago.
"""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.contract import Status
from cloud.localcloud import loopback
from cloud.localcloud.rows import ImageRow, ServerRow
from cloud.localcloud.simulated import SimulatedGuests
from cloud.localcloud.store import Store
from deploy.local import child, installation, services
from deploy.local.installation import Installation
from tests.ports import free_port
from tests.upgrade import base
from tests.waiting import until

FIRST_PORT = 31000  # below 32768, where Linux begins to hand out ports
OLD_FIRST_PORT = 23000  # of the gateway "vps"
IMAGE = "simulated-linux"  # of the local cloud, in place of the fake cloud's "linux"
LATER = """
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT table_name, string_agg(format('%1$I = %1$I + current_setting(''a.while'')::interval', column_name), ', ') AS columns
               FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'timestamp with time zone' GROUP BY table_name
    LOOP EXECUTE format('UPDATE %I SET %s', one.table_name, one.columns); END LOOP;
END $$
"""
MACHINES = """
SELECT m.id, m.name, u.uuid AS owner, m.server_id, m.cloud_status, m.cloud_resets, m.cloud_restarts, m.archive_id, m.archive_name,
       coalesce(array_agg(t.target_port) FILTER (WHERE t.state <> 'gone'), '{}') AS ports
FROM machines_machine m JOIN accounts_user u ON u.id = m.owner_id LEFT JOIN tunnels_tunnel t ON t.holder = m.id
WHERE m.state <> 'gone' GROUP BY m.id, u.uuid
"""


def make(data: Path, *queries: str) -> list[list[tuple[Any, ...]]]:
    """Fill the folder, which must not exist yet. Return what its database answers these queries.

    Needs the tests' SECRET_KEY in the environment: sessions of the base are signed with it.
    """
    with installation.take(data) as lock:
        installation.write(data / "secrets" / "secret_key", os.environ["SECRET_KEY"])
        # A block of its own: machines of the other stacks draw their ports from the one at 23000 at the same time.
        (data / "ports.json").write_text(f'{{"vps_first": {FIRST_PORT}}}')
        here = installation.settle(data, str(free_port()), lock)
        (data / "cloud").mkdir()
        store = Store(data / "cloud" / "simulated.sqlite3")
        with _database(here) as database:
            _load(database, here, f"local:{store.instance}")
            for machine in database.execute(MACHINES).fetchall():
                _add(machine, store, database)
            found = [[tuple(row.values()) for row in database.execute(query.encode())] for query in queries]
        store.close()
    return found


@contextmanager
def _database(here: Installation) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    postgres = services.servers(here)[0]
    postgres.prepare()
    service = next(one for one in services.all_services(here) if one.name == "postgres")
    log, pidfile = here.log("postgres"), here.pidfile("postgres")
    process = child.start(service.program, log=log, pidfile=pidfile)
    try:
        until(lambda: service.is_ready and service.is_ready(), 30)
        with psycopg.connect(postgres.url, autocommit=True, row_factory=dict_row) as connection:
            yield connection
    finally:
        child.end(process, service.program, pidfile=pidfile)


def _load(database: psycopg.Connection[dict[str, Any]], here: Installation, cloud: str) -> None:
    first, last = here.ports["vps_first"], here.ports["vps_last"]
    database.execute(base.text().encode())
    database.execute("SET search_path = public")  # the dump empties it
    database.execute("SELECT set_config('a.while', (now() - %s)::text, false)", [base.NOW])
    database.execute(LATER)
    database.execute("UPDATE machines_watch SET cloud_identity = %s", [cloud])
    database.execute("UPDATE catalog_image SET cloud_id = %s WHERE cloud_id = 'linux'", [IMAGE])
    database.execute("UPDATE tunnels_tunnel SET port = port + %s", [first - OLD_FIRST_PORT])
    moved = "UPDATE tunnels_gateway SET name = 'local', first_port = %s, last_port = %s WHERE name = 'vps'"
    database.execute(moved, [first, last])


def _add(machine: dict[str, Any], store: Store, database: psycopg.Connection[dict[str, Any]]) -> None:
    """Put a machine's server and archive into the cloud."""
    if machine["server_id"] and machine["cloud_status"] not in ("", Status.DELETED):
        row = _server(machine)
        store.save(row)
        asyncio.run(SimulatedGuests(store).make_disk(row))
        where = "UPDATE machines_machine SET address = %s, port_map = %s WHERE id = %s"
        database.execute(where, [row.address, Jsonb(row.port_map), row.machine])
        for port in row.ports:
            reached = (
                "UPDATE tunnels_tunnel SET target_host = %s, reach_port = %s WHERE holder = %s AND target_port = %s"
            )
            database.execute(reached, [row.address, row.port_map.get(port), row.machine, port])
    if machine["archive_id"]:
        store.save_image(ImageRow(machine["archive_id"], machine["archive_name"], archive=True))
        store.save_files(f"image:{machine['archive_id']}", {"texts": {}})


def _server(machine: dict[str, Any]) -> ServerRow:
    """Return the cloud's row of a machine's server. Its work is over, or did not begin; only a build goes on."""
    status, ports = machine["cloud_status"], sorted(set(machine["ports"]))
    address = loopback.draw(())
    return ServerRow(
        id=machine["server_id"], machine=str(machine["id"]), owner=str(machine["owner"]), name=machine["name"], flavor_id="tiny",
        image_id=IMAGE, public_keys=[], user_data="", ports=ports, vnc_password="", vcpus=1, ram_mb=256, disk_gb=1,
        created_at=base.NOW.isoformat(), status=status, goal="building" if status == Status.BUILDING else "", address=address,
        port_map=loopback.map_ports(address, ports, {}), host="" if status == Status.SHELVED else "local", resets=machine["cloud_resets"],
        restarts=machine["cloud_restarts"],
    )  # fmt: skip

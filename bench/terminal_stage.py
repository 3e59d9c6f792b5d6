"""The stage of bench.terminals: people with machines, guests, and the live process as production starts it."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

import asyncssh

from bench.idle import database
from bench.live import Process, answers, broker, fill, until
from bench.terminal_views import Place, close_all, open_all
from deploy.local import free_ports
from portal.live import freed_memory

LOGIN = "student"


class Stage:
    """The live process, and the places of one terminal of each person. `folder` holds the person's key."""

    def __init__(self, wanted: argparse.Namespace, folder: Path, places: list[Place]) -> None:
        self.wanted, self.folder, self.places = wanted, folder, places
        self.key = asyncssh.read_private_key(str(folder / "key"))
        self.process = Process(places[0].port)

    async def ready(self) -> None:
        """Start the live process anew, with some terminals that were opened and closed: what is loaded only once is there."""
        await asyncio.to_thread(self.process.end)
        self.process.start()
        await until(lambda: answers(self.process.port))
        await asyncio.sleep(1)  # in which it looks for the first time at what it looks at again and again
        await close_all(await open_all(self.places[:5]))
        await asyncio.sleep(freed_memory.SECONDS + 1)  # what they took is given back

    @asynccontextmanager
    async def bridge(self) -> AsyncIterator[Process]:
        """Start the plain bridge beside it, to the guest of all but the first."""
        port, guest, key = free_ports.free_port(), self.places[-1].guest, self.folder / "key"
        process = Process(port, "bench.plain_bridge", "--port", str(port), "--guest", str(guest), "--key", str(key))
        try:
            await until(lambda: answers(port))
            yield process
        finally:
            await asyncio.to_thread(process.end)


@contextmanager
def guests(host_key: Path, person: str) -> Iterator[int]:
    """Start an sshd for guests. Gives its port."""
    port = free_ports.free_port()
    line = [sys.executable, "-m", "bench.terminal_guest", "--port", str(port)]
    line += ["--host-key", str(host_key), "--person", person]
    with subprocess.Popen(line) as process:
        try:
            yield port
        finally:
            process.terminate()


def give_guests(ports: Sequence[int], host_key: str, seed: bytes) -> list[str]:
    """Let each machine run at an sshd, which knows the portal's key: `ports` in turn. Return their ids in the order of their people."""
    from courses.models import Template
    from lib import ed25519
    from machines import sealing
    from machines.models import HostKey, Machine, PortalKey

    Template.objects.update(login=LOGIN)
    rows = list(Machine.objects.order_by("owner_id"))
    for place, row in enumerate(rows):
        row.server_id, row.address, row.port_map = f"server-{row.pk}", "127.0.0.1", {"22": ports[place]}
    Machine.objects.bulk_update(rows, ["server_id", "address", "port_map"], batch_size=500)
    public = ed25519.public_line(seed)
    PortalKey.objects.bulk_create(
        PortalKey(
            machine=row, number=0, server_id=row.server_id, resets=row.cloud_resets, public_key=public,
            sealed_seed=sealing.seal(seed), put_in_at=row.created_at,
        )
        for row in rows
    )  # fmt: skip
    HostKey.objects.bulk_create(
        HostKey(machine=row, server_id=row.server_id, resets=row.cloud_resets, key=host_key, given=True) for row in rows
    )
    return [str(row.pk) for row in rows]


@contextmanager
def stage_of(wanted: argparse.Namespace, people: int) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as name, database(Path(name)), broker(Path(name)) as redis:
        from cryptography.fernet import Fernet

        folder, port = Path(name), free_ports.free_port()
        (folder / "machine_keys").write_bytes(Fernet.generate_key())
        os.environ.update(
            REDIS_URL=redis, CLOUD="local", MACHINE_KEYS_FILE=str(folder / "machine_keys"), ALLOWED_HOSTS="localhost"
        )
        import django

        django.setup()
        from django.core.management import call_command

        from lib import ed25519

        call_command("migrate", verbosity=0)
        seed, host_key = os.urandom(32), asyncssh.generate_private_key("ssh-ed25519")
        host_key.write_private_key(str(folder / "host_key"))
        cookies = fill(people, all_see=False)
        (folder / "key").write_text(ed25519.private_file(seed))
        start = partial(guests, folder / "host_key", ed25519.public_line(seed))
        with start() as one, start() as others:
            ports = [one, *[others] * (people - 1)]
            machines = give_guests(ports, host_key.export_public_key().decode().strip(), seed)
            stage = Stage(wanted, folder, [Place(port, *facts) for facts in zip(ports, machines, cookies, strict=True)])
            try:
                yield stage
            finally:
                stage.process.end()

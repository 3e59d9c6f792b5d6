"""The portal's own key in guests of the local cloud: it signs in, and with it keys of people go in and out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from cloud.contract import Server, ServerSpec
from machines import authorized_keys
from machines.ssh_contact import HOST_KEYS
from tests.cloud.conftest import in_group, look
from tests.cloud.local_stage import LocalStage, insist, make_key

both = pytest.mark.parametrize("stage", in_group("guests"), indirect=True)


@pytest.fixture
def portal(tmp_path: Path) -> Path:
    return make_key(tmp_path, "portal")


@pytest.fixture
def guest(stage: LocalStage, make_spec: Callable[..., ServerSpec], portal: Path) -> Iterator[Server]:
    """A guest of somebody without keys. It makes room again: the next tests share the cloud."""
    line = portal.with_suffix(".pub").read_text().strip()
    server = insist(stage.cloud.ensure_server, replace(make_spec(stage), public_keys=(), portal_key=line))
    stage.settle()
    yield look(stage, server)
    insist(stage.cloud.ensure_deleted, server.id)


def signed_in(guest: Server, key: Path) -> Any:
    options: dict[str, Any] = {
        "known_hosts": None,
        "agent_path": None,
        "config": None,
        "server_host_key_algs": HOST_KEYS,
    }
    where = (guest.address, guest.port_map.get(22, 22))
    return asyncssh.connect(*where, username="student", client_keys=[str(key)], **options)


async def lets_in(guest: Server, key: Path) -> bool:
    try:
        async with signed_in(guest, key):
            return True
    except asyncssh.PermissionDenied:
        return False


@both
async def test_a_person_s_key_goes_in_and_out(guest: Server, portal: Path, key: Path) -> None:
    line = key.with_suffix(".pub").read_text().strip()
    assert not await lets_in(guest, key)
    async with signed_in(guest, portal) as session:
        assert (await authorized_keys.put(session, [line])).done
        assert await lets_in(guest, key)
        assert (await authorized_keys.take(session, [line])).done
    assert not await lets_in(guest, key)
    assert await lets_in(guest, portal)

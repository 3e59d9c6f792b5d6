"""The words of a guest's sshd to the portal, which reaches it through the agent only."""

import json

from tests.journeys.stack import wait_for
from tests.openstack.installation import Installation

BY_ITS_PORT = "way_to(tunnel_id=Tunnel.objects.get(holder=machine.pk, target_port=22).pk, by=None)"
WITHOUT_A_PORT = "way_of(dial_ssh(holder=machine.pk, owner=machine.owner, address=machine.address, by=None))"
CODE = """
import asyncio
from django.conf import settings
from machines.models import Machine
from tunnels.dial_actions import dial_ssh
from tunnels.dialing import connected, way_of, way_to
from tunnels.models import Tunnel

async def first_line(way):
    async with connected(way) as sock:
        reader, writer = await asyncio.open_connection(sock=sock)
        line = await asyncio.wait_for(reader.readline(), 90)
        writer.close()
        return line.decode()

settings.LIVE_INSIDE = {live!r}
machine = Machine.objects.get(pk={machine!r})
print(asyncio.run(first_line({way})))
"""


def first_line(minga: Installation, machine: str, way: str) -> str:
    live = f"http://127.0.0.1:{json.loads((minga.data / 'ports.json').read_text())['live']}"
    return minga.django(CODE.format(live=live, machine=machine, way=way))


def the_portal_dials(minga: Installation, machine: str) -> None:
    _sshd, agent = minga.gateway
    for way in (BY_ITS_PORT, WITHOUT_A_PORT):
        assert first_line(minga, machine, way).startswith("SSH-2.0"), way
    agent.kill()
    agent.start()
    for way in (BY_ITS_PORT, WITHOUT_A_PORT):
        assert first_line(minga, machine, way).startswith("SSH-2.0"), f"after a restart of the agent: {way}"
    kill_live(minga)
    for way in (BY_ITS_PORT, WITHOUT_A_PORT):
        assert first_line(minga, machine, way).startswith("SSH-2.0"), f"after the live process was killed: {way}"


def kill_live(minga: Installation) -> None:
    """kill -9 of the live process. Return when the supervisor has started another."""
    killed = minga.pid("live")
    assert minga.kill("live")
    wait_for(lambda: minga.pid("live") not in (None, killed), 180, "another live process")
    minga.whole()

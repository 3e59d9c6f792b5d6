"""Machines whose ssh can be dialed, and when that ends."""

import uuid
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from machines import ssh_ways
from machines.models import Machine
from tests.factories import make_machine
from tunnels.models import Dial, SshTarget, Tunnel

ADDRESS = "10.77.3.4"


@pytest.fixture
def machine(student: User, settings: Any) -> Machine:
    """Running; it has no tunnel for ssh."""
    settings.CLOUD = "openstack"
    machine = make_machine(student, address=ADDRESS)
    Tunnel.objects.filter(holder=machine.pk, service="ssh").delete()
    return machine


def test_it_is_dialed_without_a_tunnel_for_it(machine: Machine) -> None:
    way = ssh_ways.way_to_ssh(machine, by=None)
    assert (way.key, Dial.objects.get().ssh.host) == (Dial.objects.get().key, ADDRESS)  # type: ignore[union-attr]


def test_on_this_computer_it_is_reached_directly(machine: Machine, settings: Any) -> None:
    settings.CLOUD, machine.port_map = "local", {"22": 41022}
    assert ssh_ways.way_to_ssh(machine, by=None).target == (ADDRESS, 41022)


@pytest.mark.parametrize(
    "facts", [{"state": "suspended"}, {"state": "building"}, {"address": ""}, {"held_at": timezone.now()}]
)
def test_what_does_not_run_for_certain_is_not_dialed(machine: Machine, facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        setattr(machine, name, value)
    with pytest.raises(ssh_ways.NotRunning):
        ssh_ways.way_to_ssh(machine, by=None)
    assert not Dial.objects.exists()


@pytest.mark.parametrize(
    "facts",
    [{"state": "suspended"}, {"wanted": "gone"}, {"address": "10.77.3.5"}, {"held_at": timezone.now()}, {"pk": uuid.uuid4()}, "blocked"],
)  # fmt: skip
def test_what_runs_there_no_longer_is_forgotten(machine: Machine, facts: Any) -> None:
    ssh_ways.way_to_ssh(machine, by=None)
    if facts == "blocked":
        User.objects.update(is_active=False)
    elif "pk" in facts:
        SshTarget.objects.update(holder=facts["pk"])  # of no machine
    else:
        Machine.objects.filter(pk=machine.pk).update(**facts)
    assert (ssh_ways.follow(), SshTarget.objects.count()) == (1, 0)


def test_what_runs_stays(machine: Machine) -> None:
    ssh_ways.way_to_ssh(machine, by=None)
    assert (ssh_ways.follow(), SshTarget.objects.count()) == (0, 1)

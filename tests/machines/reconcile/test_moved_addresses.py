"""Ports of a running machine never lead to an address that its server has no longer."""

import pytest
from django.utils import timezone

from machines.models import Machine
from machines.reconcile import moved_addresses
from tests.machines.world import World
from tunnels.models import Tunnel


def targets(machine: Machine) -> set[tuple[str, str]]:
    return set(Tunnel.objects.of(machine.pk).values_list("wanted", "target_host"))


def changed(world: World, machine: Machine, address: str) -> Machine:
    """Change the server's interfaces on the cluster; the loops take their turns."""
    world.cloud._by_hand(machine.server_id, address=address)
    world.clock.move(16)
    world.turn()
    moved_addresses.follow(timezone.now())
    return world.until(machine, "running")


def notes(machine: Machine) -> list[str]:
    return [str(event.note) for event in machine.events.filter(kind="noted")]


def test_they_follow_to_another_address(world: World) -> None:
    machine = changed(world, world.running(), "10.9.9.9")
    assert targets(machine) == {("open", "10.9.9.9")}


def test_without_an_address_they_lead_nowhere(world: World) -> None:
    machine = changed(world, world.running(), "")
    assert targets(machine) == {("open", "")}


@pytest.mark.parametrize(("address", "says"), [("10.9.9.9", "has another address"), ("", "Connect it to that network")])
def test_the_history_says_so(world: World, address: str, says: str) -> None:
    assert says in notes(changed(world, world.running(), address))[0]


def test_they_open_again_when_the_address_is_back(world: World) -> None:
    machine = world.running()
    address, before = machine.address, targets(machine)
    machine = changed(world, machine, "")
    assert targets(changed(world, machine, address)) == before


def test_nothing_is_asked_twice(world: World) -> None:
    machine = changed(world, world.running(), "")
    assert (moved_addresses.follow(timezone.now()), len(notes(machine))) == (0, 1)


def test_what_leads_where_it_should_is_left_alone(world: World) -> None:
    machine = world.running()
    assert (moved_addresses.follow(timezone.now()), notes(machine)) == (0, [])


def started_without_address(world: World) -> Machine:
    world.agent_works = False  # it is not told of ports that lead nowhere
    machine = world.launch()
    world.turn()
    for _step in range(3):
        world.cloud.tick()
    world.cloud._by_hand(world.known(machine)[0], address="")
    world.turn()
    world.turn()
    machine.refresh_from_db()
    return machine


def test_a_start_without_an_address_says_so(world: World) -> None:
    assert "no address on the cluster's network" in str(started_without_address(world).note)


def test_a_start_without_an_address_ends(world: World) -> None:
    """A machine that waited for ever would never be called idle."""
    machine = started_without_address(world)
    world.clock.move(200)
    assert world.until(machine, "running")

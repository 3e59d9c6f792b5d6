"""A machine is called running once every service of its template answers, or its time is up: then it says what does not."""

from machines import actions
from machines.models import Machine
from portal.presenters.machine_card import Shown
from portal.presenters.show_machines import show_all
from tests.machines.world import World
from tunnels.models import Tunnel


def show(machine: Machine) -> Shown:
    return show_all([machine], machine.owner)[0]


def turns(world: World, machine: Machine, times: int = 10) -> Machine:
    for _turn in range(times):
        world.turn()
    machine.refresh_from_db()
    return machine


def slept_and_woken(world: World, machine: Machine) -> Machine:
    actions.suspend(machine=machine, by=world.student)
    world.until(machine, "suspended")
    actions.wake(machine=machine, by=world.student)
    return machine


def test_one_silent_service_of_two_is_waited_for_by_name(world: World) -> None:
    world.silent = {"http"}
    machine = turns(world, world.launch())
    assert (machine.state, show(machine).sentence) == ("building", "Almost there. What does not answer yet: http.")
    world.silent = set()
    assert show(world.until(machine, "running")).sentence == "It is ready: connect to it."


def test_after_its_time_it_runs_and_says_what_is_missing_until_that_answers(world: World) -> None:
    world.silent = {"http"}
    machine = turns(world, world.launch())
    world.clock.move(200)
    world.until(machine, "running")
    assert show(machine).sentence == "It runs, but not everything in it answers yet: Web page."
    assert show(machine).is_ready is False
    world.silent = set()
    world.turn()
    assert show(machine).sentence == "It is ready: connect to it."


def test_what_was_silent_before_its_sleep_is_not_waited_for(world: World) -> None:
    machine = world.running()
    world.silent = {"http"}
    world.turn()
    assert world.until(slept_and_woken(world, machine), "running")


def test_what_answered_before_its_sleep_is_waited_for(world: World) -> None:
    machine = slept_and_woken(world, world.running())
    world.silent = {"http"}
    assert turns(world, machine).state == "waking"


def test_after_a_reset_all_is_waited_for(world: World) -> None:
    machine = world.running()
    world.silent = {"http"}
    world.turn()
    actions.reset(machine=machine, by=world.student)
    assert turns(world, machine).state == "building"


def test_the_first_is_waited_for_however_silent_it_was(world: World) -> None:
    machine = world.running()
    world.silent = {"ssh"}
    world.turn()
    assert turns(world, slept_and_woken(world, machine)).state == "waking"


def test_a_port_that_a_person_opened_is_not_waited_for(world: World) -> None:
    machine = world.running()
    world.silent = {"port-8080"}
    actions.open_port(machine=machine, port=8080, by=world.student)
    world.turn()
    actions.restart(machine=machine, by=world.student)
    world.turn()
    assert show(world.until(machine, "running")).is_ready


def test_while_the_agent_is_away_nobody_is_told_to_come_in(world: World) -> None:
    machine = world.running()
    world.agent_works = False
    world.clock.move(120)
    assert show(machine).sentence.startswith("The gateway to the internet does not answer.")


def test_of_somebody_whose_account_is_deactivated_it_says_that(world: World) -> None:
    world.running()
    world.student.is_active = False
    world.student.save(update_fields=["is_active"])
    Tunnel.objects.update(wanted="closed", state="closed", answered_at=None)
    assert "account is deactivated" in show(Machine.objects.with_parts().get()).sentence

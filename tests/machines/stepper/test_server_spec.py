"""The cloud hears of a machine once, in order, and never so that a second server comes of it."""

from dataclasses import replace
from typing import Any

import pytest

from cloud.contract import CloudRefused, Server, ServerSpec
from machines import actions
from machines.models import Machine
from machines.reconcile import sweep
from machines.stepper import worker
from machines.stepper.server_spec import spec_of
from tests.cloud.fake import FakeCloud, LosesReply, LosesRequest
from tests.machines.world import World


class Died(BaseException):
    """A death as by kill -9: nothing after it is run."""


class KilledInCreate(FakeCloud):
    """The worker dies in its first create call: before the cloud heard it, or after."""

    def __init__(self, after: bool) -> None:
        super().__init__()
        self.after, self.deaths = after, 0

    def ensure_server(self, spec: ServerSpec) -> Server:
        self.deaths += 1
        if self.deaths == 1 and not self.after:
            raise Died
        server = super().ensure_server(spec)
        if self.deaths == 1:
            raise Died
        return server


def test_a_launch_is_one_call(world: World) -> None:
    machine = world.launch()
    worker.step(machine.pk, world.cloud)
    assert [call[0] for call in world.cloud.calls] == ["ensure_server"]


@pytest.mark.parametrize("cloud", [KilledInCreate(after=False), KilledInCreate(after=True)], ids=["before", "after"])
def test_a_worker_killed_in_a_launch_leaves_one_server(world: World) -> None:
    machine = world.launch()
    with pytest.raises(Died):
        worker.step(machine.pk, world.cloud)
    world.clock.move(61)
    world.until(machine, "running")
    assert len(world.known(machine)) == 1


@pytest.mark.parametrize("cloud", [LosesRequest(times=3), LosesReply(times=3)], ids=["request", "reply"])
def test_a_launch_that_is_lost_three_times_makes_one_server(world: World) -> None:
    machine = world.until(world.launch(), "running", turns=120)
    assert len(world.known(machine)) == 1


def test_only_the_first_call_of_a_machines_life_is_new(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[bool] = []
    build = world.cloud.ensure_server
    monkeypatch.setattr(world.cloud, "ensure_server", lambda spec: (told.append(spec.is_new), build(spec))[1])
    machine = world.launch()
    world.turn()
    world.cloud.break_server(world.known(machine)[0])
    world.until(machine, "running")
    assert told == [True, False]


def test_a_server_with_the_tag_of_a_new_row_is_found_and_not_made_again(world: World, cloud: FakeCloud) -> None:
    machine = world.launch()
    made = cloud._build(_spec_like(machine))
    world.clock.move(1)
    sweep.tick(cloud, world.clock.now)
    world.until(machine, "running")
    assert (machine.server_id, len(world.known(machine))) == (made.id, 1)


def test_the_cloud_learns_whose_it_is_and_from_which_template(world: World, cloud: FakeCloud) -> None:
    machine = world.running()
    spec = cloud._rows[machine.server_id].spec
    assert (spec.owner.key, spec.owner.name) == (str(world.student.uuid), "student")
    assert spec.labels == {"template": "lab"}


def test_a_reset_gives_the_keys_of_now(world: World, cloud: FakeCloud) -> None:
    machine = world.running()
    world.student.ssh_keys.create(name="new", public_key="ssh-ed25519 AAAAnew", fingerprint="SHA256:new")
    actions.reset(machine=machine, by=world.student)
    world.turn()
    world.until(machine, "running")
    assert cloud._rows[machine.server_id].spec.public_keys == ("ssh-ed25519 AAAAnew",)


# ---- names ----


@pytest.mark.parametrize(("verb", "state"), [("", "running"), ("suspend", "suspended"), ("shelve", "shelved")])
def test_a_new_name_reaches_the_cloud_in_any_state_of_rest(world: World, verb: str, state: str) -> None:
    machine = world.running()
    if verb:
        getattr(actions, verb)(machine=machine, by=world.student)
        world.until(machine, state)
    actions.rename(machine=machine, name="blue", by=world.student)
    world.until(machine, state)
    assert world.cloud.server(machine.server_id).name == "blue"
    assert world.called("ensure_renamed") == 1


def test_a_name_changed_while_it_is_built_is_told_once_it_runs(world: World) -> None:
    machine = world.launch()
    world.turn()
    actions.rename(machine=machine, name="blue", by=world.student)
    world.until(machine, "running")
    assert world.cloud.server(machine.server_id).name == "blue"


def test_a_name_changed_before_the_server_is_asked_for_costs_no_call(world: World) -> None:
    machine = world.launch()
    actions.rename(machine=machine, name="blue", by=world.student)
    world.until(machine, "running")
    assert (world.cloud.server(machine.server_id).name, world.called("ensure_renamed")) == ("blue", 0)


def test_a_mind_changed_twice_ends_with_the_last_name(world: World) -> None:
    machine = world.running()
    for name in ("blue", "green"):
        actions.rename(machine=machine, name=name, by=world.student)
    world.until(machine, "running")
    for _turn in range(20):
        world.turn()
    machine.refresh_from_db()
    assert (world.cloud.server(machine.server_id).name, machine.name) == ("green", "green")


def test_a_name_changed_while_the_cloud_is_told_is_told_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.running()
    actions.rename(machine=machine, name="blue", by=world.student)
    tell = world.cloud.ensure_renamed

    def slowly(server_id: str, name: str) -> str:
        if name == "blue":
            actions.rename(machine=machine, name="green", by=world.student)
        return tell(server_id, name)

    monkeypatch.setattr(world.cloud, "ensure_renamed", slowly)
    world.until(machine, "running")
    assert (world.cloud.server(machine.server_id).name, machine.name) == ("green", "green")


def test_a_gone_server_that_is_renamed_is_gone(world: World) -> None:
    machine = world.running()
    world.cloud.vanish(machine.server_id)
    actions.rename(machine=machine, name="blue", by=world.student)
    worker.step(machine.pk, world.cloud)
    machine.refresh_from_db()
    assert machine.state == "gone"


def test_a_name_that_the_cloud_refuses_stays_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = world.running()

    def refuse(*_args: Any) -> None:
        raise CloudRefused("policy")

    monkeypatch.setattr(world.cloud, "ensure_renamed", refuse)
    actions.rename(machine=machine, name="blue", by=world.student)
    for _turn in range(20):
        world.turn()
    world.until(machine, "running")
    assert machine.name == "blue"


@pytest.mark.parametrize("cloud", [LosesRequest(times=2), LosesReply(times=2)], ids=["request", "reply"])
def test_a_lost_rename_comes_true_and_leaves_no_note_of_the_outage(world: World) -> None:
    machine = world.until(world.launch(), "running", turns=120)
    actions.rename(machine=machine, name="blue", by=world.student)
    world.until(machine, "running", turns=120)
    assert (world.cloud.server(machine.server_id).name, str(machine.note)) == ("blue", "")


# ---- the cloud's limit ----


def test_a_launch_over_the_clouds_limit_waits_for_an_old_server_to_go(world: World, cloud: FakeCloud) -> None:
    machine = _launch_over_the_limit(world, cloud)
    for server in list(cloud.living):
        cloud.ensure_deleted(server.id)
    cloud.settle()
    world.until(machine, "running", turns=60)


def test_a_launch_over_the_clouds_limit_fails_with_a_sentence_that_says_who_helps(
    world: World, cloud: FakeCloud
) -> None:
    machine = world.until(_launch_over_the_limit(world, cloud), "failed", turns=200)
    assert str(machine.note).startswith("The cluster's own limit for its owner is reached.")
    assert machine.cloud_fault == "Quota exceeded."
    assert 5 <= world.called("ensure_server") <= 8


def _launch_over_the_limit(world: World, cloud: FakeCloud) -> Machine:
    """Servers of theirs that no row knows fill what they may keep."""
    machine = world.launch()
    for number in range(10):
        spec = _spec_like(machine)
        cloud._build(replace(spec, machine=f"7b1c6f4e-0000-4000-8000-00000000000{number}"))
    return machine


def _spec_like(machine: Machine) -> ServerSpec:
    return spec_of(Machine.objects.get(pk=machine.pk))


def test_a_cloud_that_keeps_less_of_a_name_changes_nothing_here(world: World) -> None:
    world.cloud.keeps = lambda name: name.replace("🎉", "").strip()
    machine = world.until(world.launch("piñata 🎉"), "running")
    actions.rename(machine=machine, name="fiesta 🎉", by=world.student)
    world.until(machine, "running")
    for _turn in range(3):
        world.forget_list()
        world.clock.move(70)
        world.turn()
    machine.refresh_from_db()
    assert (machine.name, world.cloud.server(machine.server_id).name) == ("fiesta 🎉", "fiesta")

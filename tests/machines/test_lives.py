"""A machine that comes up from memory leaves the same world as one that lives."""

import re
from collections.abc import Callable
from pprint import pformat
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from courses.models import Template
from lib.notes import Note
from machines import host_keys
from machines.models import Machine
from tests import rows
from tests.cloud.fake import FakeCloud
from tests.factories import SERVICES, make_machine
from tests.machines import lives
from tests.machines.world import Clock, World
from tunnels.models import Tunnel

pytestmark = pytest.mark.django_db
HOST_KEY = re.compile("-----BEGIN.*?END OPENSSH PRIVATE KEY-----", re.DOTALL)
Life = Callable[[World], Machine]


@pytest.fixture(autouse=True)
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[object, lives.Kept]:
    nothing: dict[object, lives.Kept] = {}
    monkeypatch.setattr(lives, "_KEPT", nothing)
    return nothing


def left(clock: Clock, life: Life, patches: pytest.MonkeyPatch) -> list[str]:
    """Return all that a life leaves in a new world: cloud, clock and rows, with keys numbered as they come. Undo it."""
    began = clock.now
    with transaction.atomic():
        student = User.objects.create_user("student", "student@example.org", "minga", roles=["student"])
        world = World(clock, FakeCloud(), student)
        world.patches = patches
        machine = life(world)
        facts = {name: fact for name, fact in vars(world.cloud).items() if name != "_lock"}
        facts["cures"] = sorted(facts["cures"])
        text = pformat([machine.pk, clock.now, facts], width=160)
        found = [HOST_KEY.sub("its host key", rows.numbered(text, {})), rows.named(rows.read())]
        transaction.set_rollback(True)
    clock.set(began)
    return found


def with_its_own_tick(world: World) -> None:
    world.cloud.tick = world.cloud.tick  # type: ignore[method-assign]


def another(world: World) -> None:
    make_machine(world.student)


def with_host_key(world: World) -> None:
    Template.objects.update(user_data="#cloud-config\n")
    world.template.refresh_from_db()


def test_a_recalled_life_leaves_what_a_lived_one_does(
    clock: Clock, kept: dict[object, lives.Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    lived, first, recalled = (left(clock, life, monkeypatch) for life in (World.come_up, World.running, World.running))
    assert len(kept) == 1
    assert lived == first
    assert lived == recalled


def test_a_recalled_server_has_the_host_key_of_its_machine(
    clock: Clock, kept: dict[object, lives.Kept], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    left(clock, World.running, monkeypatch)
    world = request.getfixturevalue("world")
    machine = world.running()
    assert len(kept) == 1
    assert world.cloud._rows[machine.server_id].spec.host_key == host_keys.private_file(machine.pk, 0)


@pytest.mark.parametrize("unusual", [with_its_own_tick, another, with_host_key])
def test_an_unusual_world_is_lived_in(
    world: World, kept: dict[object, lives.Kept], unusual: Callable[[World], None]
) -> None:
    unusual(world)
    world.running()
    assert not kept


def test_a_changed_function_is_lived_with(
    world: World, kept: dict[object, lives.Kept], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Note, "as_json", lambda note: {"text": "Something else."} if note else {})
    machine = world.running()
    assert machine.events.earliest("pk").stored_note == {"text": "Something else."}
    assert not kept


def test_changed_settings_are_lived_with(world: World, kept: dict[object, lives.Kept], settings: Any) -> None:
    settings.BUILD_SECONDS = 1000
    world.running()
    assert not kept


def test_a_changed_row_makes_another_kind(
    clock: Clock, kept: dict[object, lives.Kept], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    left(clock, World.running, monkeypatch)
    world = request.getfixturevalue("world")
    Template.objects.update(services=SERVICES[:1])
    world.template.refresh_from_db()
    assert Tunnel.objects.of(world.running().pk).count() == 1
    assert len(kept) == 2

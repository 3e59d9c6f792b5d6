"""manage.py prepare --demo and grant."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from accounts import emails
from accounts.models import User
from cloud.contract import CloudBusy, Image
from courses.models import Template
from lib.environment import Environment
from machines.models import Machine
from portal.demo import LocalGateway, fill
from portal.management.commands import prepare
from portal.settings_table import VARIABLES
from quotas.actions import usage
from quotas.models import Grant
from tests.cloud.fake import FakeCloud
from tunnels.models import Gateway

HERE = LocalGateway(2222, "ssh-ed25519 AAAA", 23000, 23999, "token")


def test_the_demo_has_five_people_who_can_sign_in(db: None) -> None:
    fill(FakeCloud(), HERE)
    for name in ("student", "student2", "teacher", "donor", "admin"):
        user = authenticate(username=name, password="minga")
        assert isinstance(user, User)
        assert user.roles == [name.rstrip("2")]
        assert emails.proven(user)  # mails of make run arrive


def test_said_twice_it_is_done_once(db: None) -> None:
    fill(FakeCloud(), HERE)
    before = [model.objects.count() for model in (User, Grant, Template, Gateway)]
    Template.objects.update(name="changed by a teacher")
    fill(FakeCloud(), HERE)
    assert [model.objects.count() for model in (User, Grant, Template, Gateway)] == before
    assert set(Template.objects.values_list("name", flat=True)) == {"changed by a teacher"}


def test_prepare_with_demo_makes_a_whole_trial(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.management.commands.prepare.open_cloud", FakeCloud)
    call_command("prepare", "--demo", verbosity=0)
    assert User.objects.count() == 5
    assert Template.objects.published().count() == 2


def test_a_template_that_these_guests_cannot_keep_is_not_offered(db: None) -> None:
    fill(FakeCloud(), HERE)
    assert not any(s["scheme"] == "vnc" for t in Template.objects.all() for s in t.services)


def test_every_template_of_the_demo_can_be_launched(db: None) -> None:
    from machines.offers import offers

    fill(FakeCloud(), HERE)
    assert [o.why_not for o in offers(User.objects.get(username="student"))] == [None, None]
    assert not Machine.objects.exists()


def test_the_demo_is_refused_where_strangers_can_come(db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["labs.example.org"]
    with pytest.raises(CommandError, match="known to everybody"):
        call_command("prepare", "--demo")


def test_prepare_fills_in_the_demo_only_when_it_is_asked_to(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "open_cloud", FakeCloud)
    call_command("prepare", verbosity=0)
    assert (User.objects.count(), Grant.objects.count()) == (0, 3)
    call_command("prepare", "--demo", verbosity=0)
    assert (User.objects.count(), Grant.objects.count()) == (5, 4)


def test_the_demo_without_a_cloud_is_refused(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> FakeCloud:
        raise CloudBusy("Nobody answers.", retry_after=1)

    monkeypatch.setattr(prepare, "open_cloud", away)
    with pytest.raises(CommandError, match="Start it, then run this again"):
        call_command("prepare", "--demo", verbosity=0)


def test_the_old_name_of_the_demo_says_the_new_one(db: None, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.ALLOWED_HOSTS = ["labs.example.org"]
    with pytest.raises(CommandError, match="known to everybody"):
        call_command("demo")
    assert "prepare --demo" in capsys.readouterr().err


def test_the_gateway_of_the_demo_comes_from_the_environment(tmp_path: Path) -> None:
    key, token = tmp_path / "key", tmp_path / "token"
    key.write_text("ssh-ed25519 AAAA\n")
    token.write_text("token\n")
    names = {"VPS_PORT": "2222", "VPS_HOST_KEY_FILE": str(key), "VPS_FIRST_PORT": "23000", "VPS_LAST_PORT": "23999"}
    given = Environment(VARIABLES.values(), {**names, "AGENT_TOKEN_FILE": str(token)})
    assert LocalGateway.from_environment(given) == HERE
    assert LocalGateway.from_environment(Environment(VARIABLES.values(), {})) is None


def test_a_grant_by_hand_gives_more_room(student: User) -> None:
    call_command("grant", "student", "--machines", "3", "--ram-mb", "512", "--days", "30")
    assert (usage(student).machines.limit, usage(student).ram_mb.limit) == (3, 512)


@pytest.mark.parametrize(
    "words",
    [
        ["nobody", "--machines", "1"],
        ["student"],
        ["student", "--machines", "1", "--days", "-1"],
        ["student", "--machines", "-1"],
    ],
)
def test_a_wrong_grant_is_refused(student: User, words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("grant", *words)
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("images", "chosen"),
    [
        ([("debian-12", "debian", 384, True), ("tiny", "lab", 0, True)], ("tiny", "tiny")),
        ([("debian-12", "debian", 384, True), ("nobody-signs-in", "", 0, True)], ("debian-12", "small")),
        ([("debian-12", "debian", 384, False), ("late", "lab", 600, True)], ("late", "medium")),
    ],
)
def test_the_demo_takes_a_system_that_is_ready_and_sizes_in_which_it_runs(
    db: None, images: list[tuple[str, str, int, bool]], chosen: tuple[str, str]
) -> None:
    cloud = FakeCloud()
    cloud._images = {
        name: Image(name, name, ready=ready, login=login, min_ram_mb=needs) for name, login, needs, ready in images
    }
    fill(cloud, HERE)
    first = Template.objects.with_parts().get(slug="first-steps")
    assert (first.image.name, first.flavor.name) == chosen
    assert all(template.is_usable for template in Template.objects.with_parts().exclude(slug="debian"))


def test_the_demo_makes_no_card_of_what_cannot_work(db: None) -> None:
    cloud = FakeCloud()
    cloud._images = {"huge": Image("huge", "huge", ready=True, min_ram_mb=10**6)}
    fill(cloud, HERE)
    assert not Template.objects.exists()

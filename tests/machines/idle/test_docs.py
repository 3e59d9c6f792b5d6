"""The administrators' page names every stage and every rule. Settings: tests/house/test_settings.py."""

from dataclasses import fields
from pathlib import Path

import pytest
from django.core.management import call_command

from courses.policy import IdlePolicy
from machines.idle.stages import ALL

PAGE = (Path(__file__).parents[3] / "docs/admin/idle.md").read_text()


@pytest.mark.parametrize("name", [stage.name for stage in ALL])
def test_every_stage_has_a_row(name: str) -> None:
    assert f"\n| {name} |" in PAGE


@pytest.mark.parametrize("name", [field.name for field in fields(IdlePolicy)])
def test_every_rule_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_the_command_shows_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("idle", "--table", "--lang", "en")
    assert len(capsys.readouterr().out.splitlines()) == len(ALL)

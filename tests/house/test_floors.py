"""Imports and foreign keys only point down."""

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[2]
FLOORS = {
    "portal": 7, "machines": 6, "courses": 5, "nodes": 5, "quotas": 4, "tunnels": 4, "catalog": 4, "accounts": 3, "cloud": 2, "lib": 1,
}  # fmt: skip
COPIED = [*FLOORS, "deploy"]
THIRD_PARTIES_OF_THE_AGENT = {"asyncssh", "httpx", "websockets"}


def floors_hold(folder: Path) -> bool:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


def copy_of_the_house(folder: Path) -> Path:
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_floors_hold(tmp_path: Path) -> None:
    assert floors_hold(copy_of_the_house(tmp_path))


def test_a_planted_import_upwards_is_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    with (house / "accounts" / "models.py").open("a") as models:
        models.write("\nimport machines.models\n")
    assert not floors_hold(house)


def test_a_planted_openstack_client_is_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    with (house / "machines" / "stepper" / "table.py").open("a") as table:
        table.write("\nimport openstack\n")
    assert not floors_hold(house)


def test_rows_that_import_actions_are_found(tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    with (house / "machines" / "models" / "machine.py").open("a") as models:
        models.write("\nimport machines.actions\n")
    assert not floors_hold(house)


@pytest.mark.parametrize("app", ["machines", "portal"])
def test_a_module_without_a_place_is_found(app: str, tmp_path: Path) -> None:
    house = copy_of_the_house(tmp_path)
    (house / app / "newcomer.py").write_text("")
    assert not floors_hold(house)


def contract(name: str) -> dict[str, Any]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return next(each for each in contracts if each["id"] == name)


def test_each_module_of_tunnels_is_the_portals_or_the_agents() -> None:
    folder = ROOT / "tunnels"
    there = {path.stem for path in folder.glob("*.py")} | {path.parent.name for path in folder.glob("*/__init__.py")}
    held = [*contract("agent-alone")["source_modules"], *contract("agent-by-its-protocol")["source_modules"]]
    listed = sorted(name.removeprefix("tunnels.") for name in held if name.startswith("tunnels."))
    assert listed == sorted(there - {"__init__", "migrations"})


def foreign_keys() -> list[tuple[str, str, str]]:
    """(app, app that it points to, field) for each foreign key of ours."""
    return [
        (model._meta.app_label, field.related_model._meta.app_label, str(field))
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.concrete and field.is_relation and model._meta.app_label in FLOORS
    ]


def test_foreign_keys_point_down() -> None:
    wrong = [name for app, to, name in foreign_keys() if app != to and to in FLOORS and FLOORS[to] >= FLOORS[app]]
    assert wrong == []


def test_the_walk_sees_foreign_keys() -> None:
    assert ("machines", "accounts") in {(app, to) for app, to, _ in foreign_keys()}


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_the_agent_stands_alone() -> None:
    files = [
        *ROOT.glob("tunnels/agent/**/*.py"),
        *(ROOT / "tunnels" / name for name in ("embedded_vps.py", "one_origin.py", "pump.py")),
    ]
    ours = ("tunnels.agent", "tunnels.one_origin", "tunnels.pump")
    names = {name for path in files for name in imports_of(path) if not name.startswith(ours)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) <= THIRD_PARTIES_OF_THE_AGENT

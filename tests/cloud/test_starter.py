"""The build of a starter image: its call of mmdebstrap, what stops it, and what a killed build leaves."""

from dataclasses import replace
from pathlib import Path

import pytest

from cloud.starter import builder, recipes
from cloud.starter.recipes import RECIPES

DEBIAN = RECIPES["debian-12"]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replace the build by one that writes a file; return the names of what was built."""
    names: list[str] = []

    def build(scratch: Path, recipe: object) -> Path:
        names.append(scratch.name)
        (scratch / "done").write_text("an image")
        return scratch / "done"

    monkeypatch.setattr(builder, "missing_tools", list)
    monkeypatch.setattr(builder, "_build", build)
    return names


def test_it_is_built_once(tmp_path: Path, built: list[str]) -> None:
    images = {builder.find_or_build(tmp_path / "images", DEBIAN, print) for _ in range(2)}
    assert [image.read_text() for image in images] == ["an image"]
    assert len(built) == 1


def test_what_a_killed_build_left_is_removed(tmp_path: Path, built: list[str]) -> None:
    (tmp_path / "building-dead").mkdir()
    builder.find_or_build(tmp_path, DEBIAN, print)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([DEBIAN.file_name, "lock"])


def test_a_build_that_fails_leaves_nothing(tmp_path: Path, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(scratch: Path, recipe: object) -> Path:
        (scratch / "half").touch()
        raise builder.CannotBuild("no network")

    monkeypatch.setattr(builder, "_build", fail)
    with pytest.raises(builder.CannotBuild, match="no network"):
        builder.find_or_build(tmp_path, DEBIAN, print)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "TOOLS", ("mmdebstrap-of-nowhere",))
    with pytest.raises(builder.CannotBuild, match="mmdebstrap-of-nowhere"):
        builder.find_or_build(tmp_path, DEBIAN, print)


def test_a_step_that_fails_says_why(tmp_path: Path) -> None:
    said = "mke2fs: No space left\nE: setup failed: E: command failed: x\nE: mmdebstrap failed to run"
    with pytest.raises(builder.CannotBuild, match=r"sh said: mke2fs: No space left"):
        builder._run(["sh", "-c", f"printf '%s\\n' '{said}'; exit 1"], tmp_path)


def test_only_sources_of_the_suite_are_used(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text("deb http://deb.debian.org/debian trixie main\n")
    (tmp_path / "sources.list.d/debian.sources").write_text("Suites: bookworm bookworm-updates\n")
    (tmp_path / "sources.list.d/old.list.disabled").write_text("deb http://example.org bookworm main\n")
    assert builder.sources(tmp_path) == [str(tmp_path / "sources.list.d/debian.sources")]


def test_the_students_tools_are_in_it() -> None:
    call = builder.command(DEBIAN, Path("/root-disk"), Path("/boot"))
    packages = next(word for word in call if word.startswith("--include=")).removeprefix("--include=").split(",")
    assert {"sudo", "nano", "git", "python3", "curl", "tmux", "cloud-init"} <= set(packages)


def test_each_recipe_is_a_file_of_its_own() -> None:
    assert len({recipe.file_name for recipe in RECIPES.values()}) == len(RECIPES)


def test_a_build_as_root_mounts_nothing_that_others_see(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next build removes what a killed one left: /dev of the computer must not be mounted in it."""
    monkeypatch.setattr(builder.os, "geteuid", lambda: 0)
    before = builder.command(DEBIAN, Path("/root-disk"), Path("/boot"))
    before = before[: before.index("mmdebstrap")]
    assert before[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert {"unshare", "--mount", "--pid", "--kill-child"} <= set(before)


def test_nothing_is_removed_through_a_mount(tmp_path: Path, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "building-dead/dev/shm/of-another-process"
    kept.parent.mkdir(parents=True)
    kept.touch()
    (tmp_path / "mounts").write_text(f"30 25 0:27 / {kept.parent} rw - tmpfs tmpfs rw\n")
    monkeypatch.setattr(builder, "MOUNTS", tmp_path / "mounts")
    with pytest.raises(builder.CannotBuild, match="still mounted"):
        builder.find_or_build(tmp_path, DEBIAN, print)
    assert kept.exists()
    assert not built


def test_another_variant_changes_no_other_recipes_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for file in recipes.GUEST.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    before = {name: recipe.file_name for name, recipe in RECIPES.items()}  # each keeps its own
    monkeypatch.setattr(recipes, "GUEST", tmp_path)
    (tmp_path / "customize-web").write_text("another\n")
    changed = [name for name, recipe in RECIPES.items() if replace(recipe).file_name != before[name]]
    assert changed == ["debian-12-web"]


def test_a_full_disk_is_a_sentence(tmp_path: Path, built: list[str]) -> None:
    with pytest.raises(builder.CannotBuild, match="MB are free"):
        builder.find_or_build(tmp_path, replace(DEBIAN, disk_mb=10**9), print)
    assert not built

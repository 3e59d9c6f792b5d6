"""Keep why a build failed, in a file beside the images: whoever waits for the image reads it there."""

from collections.abc import Callable
from pathlib import Path

from cloud.starter import builder
from cloud.starter.recipes import Recipe

REASON_CHARACTERS = 300


def build(folder: Path, recipe: Recipe, say: Callable[[str], None]) -> Path:
    """Do builder.find_or_build. Where it cannot be done, keep the reason and raise CannotBuild."""
    forget(folder, recipe)
    try:
        return builder.find_or_build(folder, recipe, say)
    except (builder.CannotBuild, OSError) as trouble:
        _keep(folder, recipe, str(trouble))
        raise builder.CannotBuild(str(trouble)) from trouble


def why_failed(folder: Path, recipe: Recipe) -> str:
    """Return why the last build failed; '' where it did not."""
    try:
        return _file(folder, recipe).read_text(errors="replace").strip()[:REASON_CHARACTERS]
    except OSError:
        return ""


def forget(folder: Path, recipe: Recipe) -> None:
    """Forget why a build failed: another one begins."""
    _file(folder, recipe).unlink(missing_ok=True)


def _keep(folder: Path, recipe: Recipe, why: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = _file(folder, recipe).with_suffix(".new")
    unfinished.write_text(f"{why}\n")
    unfinished.replace(_file(folder, recipe))


def _file(folder: Path, recipe: Recipe) -> Path:
    return folder / f"{recipe.name}.failed"
